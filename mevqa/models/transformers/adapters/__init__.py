"""PEFT adapters: put on a model, with keys of any release."""
