"""Models behind an OpenAI-compatible chat endpoint: vLLM, SGLang, llama.cpp, ``transformers serve``, hosted ones."""
