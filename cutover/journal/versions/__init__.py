"""
The journal's schema, one file per revision, carried out by Alembic (`schema`).

Forward only: an event is never taken back, so no revision is either. A file that was released is never edited.
"""
