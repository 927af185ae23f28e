"""Fine-tuning, leaving one subject out, and merging of adapters."""
