"""
Prefect's one door: the project's own server, and a run shown as a flow run.

Nothing here imports Prefect when it is imported itself, except `observer` and `shown`, which are imported when an
attempt really is to be shown (Prefect takes one to two seconds to import). Prefect executes and shows; it never
decides: what a run came to is what the engine says, whatever Prefect makes of it.
"""
