"""mevqa: ask vision-language models about facial micro-expressions in video."""

__version__ = "0.1.0"
