"""Reading of files that other programs write: text of unknown encoding, tables of unknown make."""
