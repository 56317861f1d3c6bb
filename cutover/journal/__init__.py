"""
The journal: the only truth about a run, and the rows that a run left behind.

`store` appends and reads events, `lease` says who may carry a run, `quarantine` keeps rows with their reasons.
Called by engine, app and steps. Knows nothing of what an event means: states are folded in `cutover.model.run`.
"""
