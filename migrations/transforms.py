"""
How the old system's local clock times become instants.

The old system keeps the calendar date of the scheduled departure (`year`, `month`, `day`) and
clock times as integers like 517 (05:17) in the local time of the airport concerned; 2400 is the
midnight that ends the day. It keeps no date for an arrival and no date for an actual departure.

Named by `flights.yaml`, called with a chunk of what each column `needs`; every function returns
a Series of `Datetime("us", "UTC")` in the order of the rows, NULL where the old system has no time.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

#: Every flight of the old system leaves from Newark, Kennedy or La Guardia.
HOME = "America/New_York"

_INSTANT = pl.Datetime("us", "UTC")
_HOUR = timedelta(hours=1)


def scheduled_departure(rows: pl.DataFrame) -> pl.Series:
    """The scheduled departure: the date and clock time at the origin."""
    return _instant(rows.select(local=_local(_date(), "sched_dep_time")).to_series(), HOME)


def actual_departure(rows: pl.DataFrame) -> pl.Series:
    """
    The actual departure: the scheduled one plus the delay in minutes.

    `dep_time` alone has no date: a flight that leaves 21 hours late leaves on the next day. The
    delay settles it, and agrees with `dep_time` in every row of the old system.
    """
    return scheduled_departure(rows) + pl.Series(rows["dep_delay"] * 60_000_000).cast(pl.Duration("us"))


def scheduled_arrival(rows: pl.DataFrame) -> pl.Series:
    """The scheduled arrival: the first time after the scheduled departure that the destination's clock shows it."""
    return _next_time(rows, after=scheduled_departure(rows), clock="sched_arr_time")


def actual_arrival(rows: pl.DataFrame) -> pl.Series:
    """
    The actual arrival: the scheduled one plus the delay in minutes.

    A diverted flight has a clock time but no delay: then it is the first time after the actual
    departure that the destination's clock shows it (the old system does not say the day).
    """
    late = scheduled_arrival(rows) + pl.Series(rows["arr_delay"] * 60_000_000).cast(pl.Duration("us"))
    where = late.is_null().arg_true()  # few: those that never arrived as planned
    diverted = rows[where]
    return late.scatter(where, _next_time(diverted, after=actual_departure(diverted), clock="arr_time"))


def observed_at(rows: pl.DataFrame) -> pl.Series:
    """The hour of a weather observation, from ISO text in UTC such as `2013-01-01T06:00:00Z`."""
    return rows["time_hour"].str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC")


def _date() -> pl.Expr:
    return pl.date("year", "month", "day").cast(pl.Datetime("us"))


def _local(midnight: pl.Expr, clock: str) -> pl.Expr:
    """A clock time like 517 on the day that begins at `midnight`; 2400 falls on the next day by itself."""
    return midnight + pl.duration(hours=pl.col(clock) // 100, minutes=pl.col(clock) % 100)


def _instant(local: pl.Series, zone: str) -> pl.Series:
    """
    The instant of a local time. The hour that exists twice in autumn means its first pass; a time
    in the hour that spring leaves out means the same time on the clock that was not put forward.
    """
    there = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    if there.null_count() > local.null_count():
        before = (local - _HOUR).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        there = there.zip_with(there.is_not_null(), before + _HOUR)
    return there.dt.convert_time_zone("UTC")


def _next_time(rows: pl.DataFrame, *, after: pl.Series, clock: str) -> pl.Series:
    """
    The first instant later than `after` at which the clock of the row's `zone` shows `clock`.

    Worked out per zone, because a zone is a property of a whole Polars expression, not of a row.
    """
    numbered = rows.select("zone", clock).with_columns(after=after, row=pl.int_range(pl.len()))
    parts = [_in_one_zone(part, str(zone), clock) for (zone,), part in numbered.group_by("zone") if zone is not None]
    found = pl.concat([*parts, pl.DataFrame(schema={"row": pl.Int64, "instant": _INSTANT})])
    return numbered.select("row").join(found, on="row", how="left", maintain_order="left")["instant"]


def _in_one_zone(part: pl.DataFrame, zone: str, clock: str) -> pl.DataFrame:
    midnight = pl.col("after").dt.convert_time_zone(zone).dt.replace_time_zone(None).dt.truncate("1d")
    local = part.select(_local(midnight, clock).alias("today"), "after")
    today = _instant(local["today"], zone)
    late = (today <= local["after"]).fill_null(value=True).arg_true()  # the clock has shown it before: tomorrow, then
    instant = today.scatter(late, _instant(local["today"][late] + 24 * _HOUR, zone))
    return part.select("row", instant=instant)
