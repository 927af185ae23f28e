"""The public functions: evaluate, ask, score, report, submit and the others, each in a module of its own.

They are reached as ``mevqa.evaluate``, ``mevqa.Run`` and so on; the command line calls them too.
"""
