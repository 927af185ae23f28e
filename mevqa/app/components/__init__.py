"""Small parts of the page that Gradio does not have in a form that keeps a user's files out of its cache."""
