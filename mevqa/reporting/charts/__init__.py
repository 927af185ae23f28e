"""Charts, each one function from numbers to a chart that matplotlib draws."""
