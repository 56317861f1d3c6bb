"""One event of the journal, and the head of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cutover.model.status import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """
    One line of the journal. `prev` is the digest of the run's event before it, so that a gap or an edit shows.

    `data` holds plain JSON values only (see `content.canonical`): decimals, floats and big integers as text.
    """

    run: str
    seq: int  # 1, 2, 3 … without gaps within a run
    at: datetime  # aware, UTC, microseconds
    kind: EventKind
    step: str = ""
    attempt: int = 0
    data: Mapping[str, Any]
    prev: str
    digest: str
