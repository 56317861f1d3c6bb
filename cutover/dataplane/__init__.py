"""Reads, transforms and writes rows of databases; knows nothing of runbooks, retries or the validator."""
