"""What commands print of the results that the public functions return."""
