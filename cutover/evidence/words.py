"""
Numbers and times as people read them: thousands separators, durations, sizes, moments in UTC.

Pure text functions, used as filters in the templates and by the terminal summary.
"""

from __future__ import annotations

from datetime import UTC, datetime

from cutover.model.status import RunStatus
from cutover.words import duration

__all__ = [
    "DIGEST_SHOWN",
    "clock_time",
    "duration",
    "iso",
    "minute",
    "moment",
    "outcome",
    "short",
    "size",
    "thousands",
    "tick",
]

#: Characters of a digest that are shown; the whole one is in the tooltip and in the data.
DIGEST_SHOWN = 12


def thousands(number: object) -> str:
    """`336,776` for whole numbers and for text that holds one (facts keep big ones as text); other text as it is."""
    text = str(number)
    return f"{int(text):,}" if text.lstrip("-").isdigit() and text.isascii() else text


def tick(ms: int, distance_ms: int) -> str:
    """A tick of the time axis, as exact as the distance between ticks asks for: `1:30`, `0.4 s`, `2 h`."""
    if distance_ms < 1_000:
        return f"{ms / 1000:.1f} s"
    if distance_ms >= 3_600_000:
        days, hours = divmod(ms // 3_600_000, 24)
        return f"{days} d {hours} h" if days else f"{hours} h"
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def size(count: int | str) -> str:
    """Bytes in decimal units: `512 B`, `38.2 MB`."""
    left = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if left < 1000:
            return f"{left:.0f} {unit}" if unit == "B" else f"{left:.1f} {unit}"
        left /= 1000
    return f"{left:,.1f} TB"


def iso(at: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`, for machines and for `<time datetime>`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> str:
    """An ISO moment as people read it, in UTC to the second: `2026-11-24 14:05:09 UTC`; other text as it is."""
    return _shown(text, "%Y-%m-%d %H:%M:%S UTC")


def minute(text: str) -> str:
    """An ISO moment in UTC to the minute, for narrow columns: `2026-11-24 14:05`; other text as it is."""
    return _shown(text, "%Y-%m-%d %H:%M")


def clock_time(text: str) -> str:
    """The time of day of an ISO moment in UTC: `14:05:09`."""
    return _shown(text, "%H:%M:%S")


def short(digest: str) -> str:
    """The first characters of a digest without its `sha256:`."""
    return digest.removeprefix("sha256:")[:DIGEST_SHOWN]


def outcome(status: RunStatus, *, live: bool, drill: bool) -> str:
    """The one big word a report opens with. A rehearsal is never called live, and a drill is no accident."""
    if status is RunStatus.COMPLETED:
        return "Live" if live else "Rehearsed"
    if status is RunStatus.ROLLED_BACK:
        return "Drill: rolled back" if drill else "Rolled back"
    return _OUTCOMES[status]


_OUTCOMES = {
    RunStatus.DRAFT: "Not started",
    RunStatus.ARMED: "Armed",
    RunStatus.RUNNING: "Running",
    RunStatus.PAUSED: "Waiting",
    RunStatus.ATTENTION: "Needs attention",
    RunStatus.ROLLING_BACK: "Rolling back",
    RunStatus.ROLLBACK_STUCK: "Rollback stuck",
    RunStatus.STOPPED: "Stopped",
    RunStatus.INTERRUPTED: "Interrupted",
}


def _shown(text: str, pattern: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).strftime(pattern)
