"""Printing of the results that the public functions return, one module a command."""
