"""Question files and predictions in the formats of other toolkits: recognise them, convert them both ways."""
