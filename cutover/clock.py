"""
Time as a parameter: nothing in the package asks the operating system for it directly.

Wall time (`now`) is for people and records, monotonic time (`tick`) for durations.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What time it is, how long something took, and how to wait."""

    def now(self) -> datetime:
        """The wall time, aware, in UTC."""

    def tick(self) -> float:
        """Seconds of a clock that never goes back; only differences mean anything."""

    def sleep(self, seconds: float) -> None:
        """Wait that many seconds."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def tick(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
