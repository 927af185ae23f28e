"""The commands that train and merge, one module each."""
