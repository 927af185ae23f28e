"""The public functions: evaluate, ask, score, report, submit and the others, by what they are about.

They are reached as ``mevqa.evaluate``, ``mevqa.Run`` and so on; the command line calls them too.
"""
