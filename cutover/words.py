"""Counts and durations in sentences: what is one is not many, and nobody counts milliseconds of an hour."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """`1 row`, `2,000 rows`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(ms: int | None) -> str:
    """Milliseconds as the two largest units that matter: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 07 min`, `1 d 04 h`."""
    if ms is None:
        return "–"
    if ms < 0:
        return "−" + duration(-ms)
    if ms < 10:
        return f"{ms} ms"
    if ms < 9_950:
        return f"{ms / 1000:.2f} s" if ms < 995 else f"{ms / 1000:.1f} s"
    seconds = round(ms / 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours:02} h"
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"
