"""Rehearsed data migrations that go live, and come back by themselves when something fails."""

__version__ = "0.1.0"
