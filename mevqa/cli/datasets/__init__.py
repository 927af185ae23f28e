"""The commands about question files and data sets, one module each."""
