"""Label files of the released data sets, one module each."""
