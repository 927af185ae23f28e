"""Question files and their media: checked, described, prepared, and exchanged with other toolkits."""
