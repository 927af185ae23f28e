"""Answers from a model: a tree of tokens behind a shared prefix, options scored, grammars obeyed, draws at random."""
