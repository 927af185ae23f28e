"""Clips of the page: found, opened, asked about, corrected and exported."""
