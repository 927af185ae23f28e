"""A local page on the public functions: look at a video, ask about it, read the answers.

It needs the extra ``app`` (Gradio). The page imports nothing of the toolkit but its public functions.
"""
