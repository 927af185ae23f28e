"""Vision-language models behind one small protocol."""
