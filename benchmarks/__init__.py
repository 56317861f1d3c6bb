"""Measurements of what the documents claim. `make bench` runs them all and writes `results.json`."""
