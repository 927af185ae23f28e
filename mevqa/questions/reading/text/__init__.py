"""The text of a reply: its layout, marks, sentences, turns and thoughts."""
