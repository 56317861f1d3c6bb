"""
Times of the day in a zone: windows in which something may begin, and the moment by which all must be over.

Everything rests on one rule, which is right in the nights when the clocks change, too: a time of the day is
*the first moment at which the clocks of the zone show that time or a later one*. A time that the clocks skip is the
moment at which they jump; one that they show twice is the first of the two. The zones' rules come from the
machine's database of time zones or, without one, from the package tzdata.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_MIDNIGHT = time(0)
#: A window can be empty on a night when the clocks skip it, never twice within two weeks.
_LOOK_AHEAD_DAYS = 15


class Weekday(StrEnum):
    """The days of the week, in the order of `date.weekday()`."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


WEEK = tuple(Weekday)


def first_moment(day: date, at: time, zone: str) -> datetime:
    """The first moment, in UTC, at which the clocks of `zone` show that time of that day or a later one."""
    here = ZoneInfo(zone)
    wanted = datetime.combine(day, at)
    # With fold=0 a time that is there twice is the first of the two, and a skipped one lies behind the jump.
    later = wanted.replace(tzinfo=here, fold=0).astimezone(UTC)
    if later.astimezone(here).replace(tzinfo=None) == wanted:
        return later
    earlier = wanted.replace(tzinfo=here, fold=1).astimezone(UTC)
    return _jump(earlier, later, here)


def _jump(before: datetime, behind: datetime, zone: ZoneInfo) -> datetime:
    """The moment between the two at which the zone's clocks change, to the second."""
    old = before.astimezone(zone).utcoffset()
    while behind - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(behind - before) // timedelta(seconds=1) // 2)
        before, behind = (middle, behind) if middle.astimezone(zone).utcoffset() == old else (before, middle)
    return behind


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """
    When something may begin: from a time to a time, on nights that begin on certain days.

    A `to` that is not later than `from_` is a time of the next day; `to` = 00:00 is the end of the day. The end itself
    is outside.
    """

    zone: str  # IANA name
    days: tuple[Weekday, ...] = WEEK  # the days on which the window opens
    from_: time = _MIDNIGHT
    to: time = _MIDNIGHT

    def is_open(self, moment: datetime) -> bool:
        """Whether `moment` (with a zone) lies inside."""
        return self.closes(moment) is not None

    def opens(self, moment: datetime) -> datetime:
        """The first moment at or after `moment` that lies inside: itself when it does. With the zone UTC."""
        if self.is_open(moment):
            return moment.astimezone(UTC)
        return next(start for start, end in self._around(moment) if start > moment and start < end)

    def closes(self, moment: datetime) -> datetime | None:
        """The end, in UTC, of the window that `moment` lies in; None when it is closed."""
        ends = [end for start, end in self._around(moment) if start <= moment < end]
        return max(ends, default=None)

    def says(self) -> str:
        """`sat, sun from 22:00 to 04:00 (Europe/Berlin)`."""
        days = "" if set(self.days) == set(WEEK) else f"{', '.join(self.days)} "
        hours = "" if self.from_ == self.to == _MIDNIGHT else f"from {self.from_:%H:%M} to {self._end_said()} "
        return f"{days}{hours}({self.zone})" if days or hours else f"at any time ({self.zone})"

    def narrower_than(self, other: Window) -> bool:
        """Whether the clocks show nothing in here that is not in `other`, too; windows of two zones never are."""
        return self.zone == other.zone and self._minutes() <= other._minutes()

    def _end_said(self) -> str:
        return "24:00" if self.to == _MIDNIGHT else f"{self.to:%H:%M}"

    def _around(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The windows from the day before `moment` on, each with its start and its end in UTC."""
        today = moment.astimezone(ZoneInfo(self.zone)).date()
        for number in range(-1, _LOOK_AHEAD_DAYS):
            day = today + timedelta(days=number)
            if WEEK[day.weekday()] in self.days:
                last = day if self.to > self.from_ else day + timedelta(days=1)
                yield first_moment(day, self.from_, self.zone), first_moment(last, self.to, self.zone)

    def _minutes(self) -> frozenset[int]:
        """The minutes of the week in which the clocks show a time inside, 0 being Monday 00:00."""
        start, end = (at.hour * 60 + at.minute for at in (self.from_, self.to))
        length = end - start if end > start else end - start + 24 * 60
        return frozenset(
            (WEEK.index(day) * 24 * 60 + start + minute) % (7 * 24 * 60)
            for day in self.days
            for minute in range(length)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HardStop:
    """The time of the day by which all must be over, and how much of the time before it must stay free."""

    at: time
    zone: str  # IANA name
    floor_s: float = 0.0  # seconds between the planned end, of the way back included, and the hard stop
    day: Weekday | None = None  # None: the next time the clocks show it

    def next_after(self, moment: datetime) -> datetime:
        """The hard stop, in UTC, of what begins at `moment` (with a zone): always later than that."""
        today = moment.astimezone(ZoneInfo(self.zone)).date()
        days = (today + timedelta(days=number) for number in range(_LOOK_AHEAD_DAYS))
        stops = (first_moment(day, self.at, self.zone) for day in days if self.day in (None, WEEK[day.weekday()]))
        return next(stop for stop in stops if stop > moment)

    def says(self) -> str:
        """`sun 04:00 (Europe/Berlin)`."""
        return f"{f'{self.day} ' if self.day else ''}{self.at:%H:%M} ({self.zone})"


def why_closed(window: Window | None, moment: datetime) -> str:
    """Why nothing may begin at `moment`, as the rest of a sentence; empty when it may."""
    if window is None or window.is_open(moment):
        return ""
    opens = window.opens(moment).astimezone(ZoneInfo(window.zone))
    return f"the window ({window.says()}) opens {WEEK[opens.weekday()]} {opens:%Y-%m-%d %H:%M} {window.zone}"
