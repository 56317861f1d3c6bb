"""Windows and hard stops: the nights when the clocks change, and what holds at any moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cutover.model.window import WEEK, HardStop, Weekday, Window, first_moment, why_closed

BERLIN = "Europe/Berlin"
ZONES = (BERLIN, "America/New_York", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu", "Africa/Cairo", "UTC")
SAT, SUN = Weekday.SATURDAY, Weekday.SUNDAY


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def window(from_: str, to: str, *days: Weekday, zone: str = BERLIN) -> Window:
    return Window(days=days or WEEK, from_=time.fromisoformat(from_), to=time.fromisoformat(to), zone=zone)


NIGHT = window("22:00", "04:00", SAT, SUN)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-28T21:59:59", False),  # Saturday
        ("2026-11-28T22:00", True),
        ("2026-11-29T03:59:59", True),
        ("2026-11-29T04:00", False),
        ("2026-11-29T23:00", True),
        ("2026-11-30T03:00", True),  # Monday morning, of the window that opened on Sunday
        ("2026-11-30T22:30", False),
        ("2026-11-28T03:00", False),  # Saturday morning, of a window that would have opened on Friday
    ],
)
def test_a_window_across_midnight_belongs_to_the_day_it_opens_on(moment: str, is_open: bool) -> None:
    assert NIGHT.is_open(at(moment, BERLIN)) is is_open


def test_a_window_opens_next_on_one_of_its_days() -> None:
    assert NIGHT.opens(at("2026-11-25T12:00", BERLIN)) == at("2026-11-28T22:00", BERLIN)
    assert NIGHT.opens(at("2026-11-29T04:00", BERLIN)) == at("2026-11-29T22:00", BERLIN)
    assert NIGHT.opens(at("2026-11-29T01:00", BERLIN)) == at("2026-11-29T01:00", BERLIN)


def test_a_window_within_one_day() -> None:
    noon = window("12:00", "13:30")

    assert not noon.is_open(at("2026-11-28T11:59", BERLIN)) and noon.is_open(at("2026-11-28T13:29", BERLIN))
    assert noon.closes(at("2026-11-28T12:30", BERLIN)) == at("2026-11-28T13:30", BERLIN)
    assert noon.closes(at("2026-11-28T13:30", BERLIN)) is None


def test_whole_days() -> None:
    weekend = Window(days=(SAT, SUN), zone=BERLIN)

    assert weekend.is_open(at("2026-11-28T00:00", BERLIN)) and weekend.is_open(at("2026-11-29T23:59", BERLIN))
    assert not weekend.is_open(at("2026-11-30T00:00", BERLIN)) and not weekend.is_open(at("2026-11-27T23:59", BERLIN))


# Berlin's clocks jump from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25, both at 01:00 UTC.
@pytest.mark.parametrize(
    ("day", "clock", "moment"),
    [
        (date(2026, 3, 29), "01:59", "2026-03-29T00:59"),
        (date(2026, 3, 29), "02:30", "2026-03-29T01:00"),  # skipped: the moment of the jump
        (date(2026, 3, 29), "03:00", "2026-03-29T01:00"),
        (date(2026, 10, 25), "02:30", "2026-10-25T00:30"),  # twice: the first
        (date(2026, 10, 25), "03:00", "2026-10-25T02:00"),
    ],
)
def test_a_time_of_the_day_is_the_first_moment_that_shows_it_or_a_later_one(day: date, clock: str, moment: str) -> None:
    assert first_moment(day, time.fromisoformat(clock), BERLIN) == at(moment)


def test_midnight_that_does_not_exist() -> None:
    # Havana's clocks jump from 00:00 to 01:00 on 2026-03-08, at 05:00 UTC.
    assert first_moment(date(2026, 3, 8), time(0), "America/Havana") == at("2026-03-08T05:00")


def test_a_jump_of_half_an_hour() -> None:
    # Lord Howe's clocks jump from 02:00 to 02:30 on 2026-10-04, at 15:30 UTC of the day before.
    assert first_moment(date(2026, 10, 4), time(2, 10), "Australia/Lord_Howe") == at("2026-10-03T15:30")


@pytest.mark.parametrize(
    ("start", "hours"), [("2026-03-28T22:00", 5), ("2026-10-24T22:00", 7), ("2026-11-28T22:00", 6)]
)
def test_the_night_is_as_long_as_the_clocks_make_it(start: str, hours: int) -> None:
    opens = at(start, BERLIN).astimezone(UTC)

    assert NIGHT.closes(opens) == opens + timedelta(hours=hours)
    assert NIGHT.opens(opens - timedelta(hours=1)) == opens


def test_a_window_that_opens_at_a_time_that_is_there_twice_opens_the_first_time_and_stays_open() -> None:
    early = window("02:30", "05:00", SUN)

    assert early.opens(at("2026-10-24T12:00")) == at("2026-10-25T00:30")
    assert early.is_open(at("2026-10-25T01:15")), "02:15 by the clock, the second time"
    assert early.closes(at("2026-10-25T01:15")) == at("2026-10-25T04:00")


def test_a_window_that_ends_at_a_time_that_is_there_twice_ends_the_first_time() -> None:
    assert window("22:00", "02:30", SAT).closes(at("2026-10-24T23:00")) == at("2026-10-25T00:30")


def test_a_window_that_the_clocks_skip_opens_a_week_later() -> None:
    skipped = window("02:10", "02:50", SUN)

    assert not skipped.is_open(at("2026-03-29T01:00"))
    assert skipped.opens(at("2026-03-28T12:00")) == at("2026-04-05T00:10")


WINDOWS = st.builds(
    window,
    st.sampled_from(["00:00", "01:30", "02:00", "02:10", "02:30", "03:00", "12:00", "22:00", "23:59"]),
    st.sampled_from(["00:00", "00:01", "02:00", "02:30", "02:50", "04:00", "12:01", "21:00"]),
).flatmap(
    lambda made: st.builds(
        lambda days, zone: Window(days=tuple(days), from_=made.from_, to=made.to, zone=zone),
        st.lists(st.sampled_from(WEEK), min_size=1, unique=True),
        st.sampled_from(ZONES),
    )
)
#: Many of them near a night when the clocks of some zone change.
MOMENTS = st.one_of(
    st.integers(0, 25 * 365 * 86_400).map(lambda seconds: at("2015-01-01T00:00") + timedelta(seconds=seconds)),
    st.builds(
        lambda night, minutes: at(night) + timedelta(minutes=minutes),
        st.sampled_from(["2026-03-29T01:00", "2026-10-25T01:00", "2026-03-08T05:00", "2026-10-03T15:30"]),
        st.integers(-3000, 3000),
    ),
)


@given(WINDOWS, MOMENTS)
@example(window("02:10", "02:50", SUN), at("2026-03-29T00:59"))
def test_it_opens_at_the_first_open_moment_at_or_after(made: Window, moment: datetime) -> None:
    opens = made.opens(moment)

    assert opens >= moment and made.is_open(opens)
    assert made.is_open(moment) == (opens == moment)
    if opens > moment:
        span = opens - moment
        assert not any(made.is_open(moment + span * part / 60) for part in range(60))
        assert not made.is_open(opens - timedelta(microseconds=1))


@given(WINDOWS, MOMENTS)
def test_it_is_open_until_it_closes(made: Window, moment: datetime) -> None:
    closes = made.closes(moment)

    assert (closes is not None) == made.is_open(moment)
    if closes is not None:
        assert closes > moment and made.is_open(closes - timedelta(microseconds=1))
        assert made.closes(closes) != closes


@given(WINDOWS, MOMENTS)
def test_on_an_ordinary_day_it_is_what_the_clock_says(made: Window, moment: datetime) -> None:
    zone = ZoneInfo(made.zone)
    here = moment.astimezone(zone)
    around = {(here + timedelta(days=days)).utcoffset() for days in (-2, -1, 0, 1, 2)}
    if len(around) > 1:
        return
    minute = here.weekday() * 1440 + here.hour * 60 + here.minute

    assert made.is_open(moment) == (minute in made._minutes())


def test_a_narrower_window() -> None:
    assert window("23:00", "03:00", SUN).narrower_than(NIGHT)
    assert NIGHT.narrower_than(NIGHT) and window("01:00", "03:00", SUN, Weekday.MONDAY).narrower_than(NIGHT)
    assert not window("21:59", "04:00", SAT).narrower_than(NIGHT)
    assert not window("23:00", "03:00", Weekday.FRIDAY).narrower_than(NIGHT)
    assert not window("23:00", "03:00", SUN, zone="UTC").narrower_than(NIGHT)


def test_a_hard_stop_is_the_next_time_the_clocks_show_it() -> None:
    stop = HardStop(at=time(4), zone=BERLIN, floor_s=900.0)

    assert stop.next_after(at("2026-11-28T22:00", BERLIN)) == at("2026-11-29T04:00", BERLIN)
    assert stop.next_after(at("2026-11-29T03:59", BERLIN)) == at("2026-11-29T04:00", BERLIN)
    assert stop.next_after(at("2026-11-29T04:00", BERLIN)) == at("2026-11-30T04:00", BERLIN)
    assert stop.next_after(at("2026-10-24T22:00", BERLIN)) == at("2026-10-25T03:00")


def test_a_hard_stop_of_another_day() -> None:
    stop = HardStop(at=time(18), zone=BERLIN, day=SUN)

    assert stop.next_after(at("2026-11-27T22:00", BERLIN)) == at("2026-11-29T18:00", BERLIN)
    assert stop.says() == "sun 18:00 (Europe/Berlin)"


@given(MOMENTS, st.sampled_from(ZONES), st.times().map(lambda one: one.replace(second=0, microsecond=0)))
def test_a_hard_stop_lies_ahead_and_not_far(moment: datetime, zone: str, clock: time) -> None:
    stop = HardStop(at=clock, zone=zone).next_after(moment)

    assert moment < stop <= moment + timedelta(hours=26)


def test_a_window_in_words() -> None:
    assert NIGHT.says() == "sat, sun from 22:00 to 04:00 (Europe/Berlin)"
    assert window("08:00", "00:00").says() == "from 08:00 to 24:00 (Europe/Berlin)"
    assert Window(zone="UTC").says() == "at any time (UTC)"
    assert why_closed(NIGHT, at("2026-11-25T12:00", BERLIN)) == (
        "the window (sat, sun from 22:00 to 04:00 (Europe/Berlin)) opens sat 2026-11-28 22:00 Europe/Berlin"
    )
    assert why_closed(NIGHT, at("2026-11-28T23:00", BERLIN)) == why_closed(None, at("2026-11-28T23:00")) == ""
