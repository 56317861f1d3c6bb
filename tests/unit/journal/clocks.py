"""A clock that goes only when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NIGHT = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)


class MadeUpClock:
    """Begins at 22:00; sleeping is over at once and the clock has gone on by it."""

    def __init__(self) -> None:
        self.at = NIGHT
        self.ticks = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.at

    def tick(self) -> float:
        return self.ticks

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.go(seconds)

    def go(self, seconds: float) -> None:
        """Let time pass; also back, as a wall clock that somebody sets."""
        self.at += timedelta(seconds=seconds)
        self.ticks += max(seconds, 0.0)
