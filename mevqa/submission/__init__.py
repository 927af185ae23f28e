"""Challenge submissions: written, checked, mended."""
