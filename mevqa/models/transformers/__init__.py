"""Vision-language models of transformers: prompts, prefix reuse, options, grammars, adapters."""
