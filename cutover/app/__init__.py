"""The composition root: one plain function per command, usable as a Python API without Click or Prefect."""
