"""
How words become decisions: which votes count and why others do not, which facts hold, whose turn it is since when.

Pure but for the look at signatures (`signing`). Steps decide with it, `app` shows and sends with it, so that nobody is
told anything else than what counts.
"""
