"""Label files, those of the data sets and our own: from a table to events by clip."""
