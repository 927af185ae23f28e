"""Training data for other toolkits: conversations and pictures as files, divided by subject."""
