"""Tables of any make as cells of text: delimited text, workbooks, HTML; their headers, and CSV that is safe to open."""
