"""Texts of a YAML file that are times of the day, zones and days of the week; windows and hard stops made of them."""

from __future__ import annotations

import re
from datetime import time
from functools import cache
from typing import Annotated, Any, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from cutover.model.window import WEEK, HardStop, Weekday, Window
from cutover.project.problems import nearest
from cutover.project.texts import Duration, Strict, WrongKey, listed, shown

#: Names that mean something else on every machine, or nothing.
_NO_PLACES = {"localtime", "Factory"}
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


def clock_time(value: Any) -> time:
    """`22:00`: hours of two digits, minutes of two."""
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return time.fromisoformat(value)
    raise ValueError(f"must be a time of the day like 22:00 or 04:30, not {shown(value)}")


def end_time(value: Any) -> time:
    """As `clock_time`, and `24:00` for the end of the day."""
    return time(0) if value == "24:00" else clock_time(value)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - _NO_PLACES


def zone(value: str) -> str:
    """The IANA name of a zone that this machine knows."""
    if value in _zones():
        return value
    near = nearest(value, _zones())
    raise ValueError(
        f"must be a time zone like Europe/Berlin, not {shown(value)}" + (f"; did you mean {near!r}?" if near else "")
    )


_CLOCK_SCHEMA = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
ClockTime = Annotated[time, BeforeValidator(clock_time), WithJsonSchema(_CLOCK_SCHEMA)]
EndTime = Annotated[
    time,
    BeforeValidator(end_time),
    WithJsonSchema({"type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"}),
]
Zone = Annotated[str, AfterValidator(zone)]
Days = Annotated[
    tuple[Weekday, ...],
    Field(min_length=1),
    BeforeValidator(listed, json_schema_input_type=Weekday | list[Weekday]),
]


class WindowText(Strict):
    """When something may begin."""

    days: Days = Field(default=WEEK, description="days on which the window opens; default: every day")
    from_: ClockTime | None = Field(default=None, alias="from", description="time of the day; default: the whole day")
    to: EndTime | None = Field(default=None, description="time of the day, of the next one when it is not later")
    zone: Zone = Field(description="time zone, as Europe/Berlin")

    @model_validator(mode="after")
    def _from_and_to(self) -> Self:
        if (self.from_ is None) != (self.to is None):
            there, missing = ("from", "to") if self.to is None else ("to", "from")
            raise WrongKey(there, f"key {missing!r} is missing; without both the window is open the whole day")
        if self.from_ is not None and self.from_ == self.to and self.to != time(0):
            raise WrongKey("to", "'from' and 'to' are the same time; leave both out for whole days")
        return self

    def value(self) -> Window:
        """As a value."""
        days = tuple(day for day in WEEK if day in self.days)
        return Window(days=days, from_=self.from_ or time(0), to=self.to or time(0), zone=self.zone)


class HardStopText(Strict):
    """By when all must be over."""

    at: ClockTime = Field(description="time of the day; the next one after the run has begun")
    day: Weekday | None = Field(default=None, description="of this day of the week; default: of any")
    zone: Zone = Field(description="time zone, as Europe/Berlin")
    floor: Duration = Field(default=0.0, description="how long before it the way back must have ended, at the latest")

    def value(self) -> HardStop:
        """As a value."""
        return HardStop(at=self.at, day=self.day, zone=self.zone, floor_s=self.floor)
