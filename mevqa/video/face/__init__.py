"""The aligned face: detection, alignment, head motion, facial regions."""
