"""Events for tests, said in one line each: `at(seconds, kind, step, …)`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from cutover.model.event import Event
from cutover.model.status import EventKind

START = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


def at(seconds: float, kind: EventKind, step: str = "", *, attempt: int = 1, **data: Any) -> Event:
    """An event that many seconds after the start; sequence and chain are none of these tests' business."""
    return Event(
        run="dev-1",
        seq=1,
        at=START + timedelta(seconds=seconds),
        kind=kind,
        step=step,
        attempt=attempt,
        data=data,
        prev="",
        digest="",
    )
