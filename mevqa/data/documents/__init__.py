"""Records in files of any make, and the formats of other toolkits, recognised."""
