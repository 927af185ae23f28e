"""Charts of a report, each one function from numbers to a drawing."""
