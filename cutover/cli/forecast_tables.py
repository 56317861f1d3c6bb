"""
The time to come on the terminal: when a run ends, what decides it, and until when each step may begin.

Values come ready; only their look is decided here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cutover.model.rehearsal import PlanSource
from cutover.words import counted, duration

if TYPE_CHECKING:
    from cutover.app.forecasting import Outlook
    from cutover.model.forecast import Forecast, LastStart, StepForecast

#: Cells of a bar of criticality, with room and without; eighths of a cell are drawn.
_BAR, _NARROW_BAR = 8, 5
_EIGHTHS = " ▏▎▍▌▋▊▉█"
#: With fewer columns than this the table leaves out when a step begins.
_ROOMY = 96
#: Runs shorter than this are shown to the second.
_SHORT = timedelta(minutes=30)
#: A time of the day this much later than the start could be taken for one of the first day.
_ANOTHER_DAY = timedelta(hours=20)
#: From here on seconds of a forecast are noise.
_NO_SECONDS_MS = 120_000
#: From here on minutes are told as hours.
_MANY_MINUTES = 180
#: Names in one line; more are counted.
_NAMED = 6
#: What stands before every sentence below the table, and before what goes on from it.
_LABEL = 15


class Clock:
    """Moments as they are shown: in one zone, to the second for short runs, with the days where they matter."""

    def __init__(self, zone: str, first: datetime, last: datetime) -> None:
        self.zone = zone
        self._here = ZoneInfo(zone)
        self._first = first
        self._pattern = "%H:%M:%S" if last - first < _SHORT else "%H:%M"

    def time(self, at: datetime) -> str:
        """The time of the day, and by how many days later when it is long after the start."""
        here = at.astimezone(self._here)
        days = (here.date() - self._first.astimezone(self._here).date()).days
        far = days and at - self._first >= _ANOTHER_DAY
        return f"{here:{self._pattern}}" + (f" {days:+d} d" if far else "")

    def date_time(self, at: datetime) -> str:
        """With the date."""
        return f"{at.astimezone(self._here):%Y-%m-%d {self._pattern}}"

    def moment(self, at: datetime) -> str:
        """With the date and the zone."""
        return f"{self.date_time(at)} {self.zone}"


def bar(share: float, cells: int = _BAR) -> str:
    """A share of 0 to 1 as a bar of always the same width; what is more than nothing is never drawn as nothing."""
    eighths = max(round(share * cells * 8), 1 if share > 0 else 0)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (_EIGHTHS[rest] if rest else "")).ljust(cells)


def about(ms: int) -> str:
    """A duration without seconds that nobody can foretell."""
    return duration(ms) if ms < _NO_SECONDS_MS else duration(round(ms / 60_000) * 60_000).removesuffix(" 00 s")


def percent(share: float, draws: int) -> str:
    """A share of draws without more certainty than they give."""
    if share >= 1:
        return "> 99.9 %" if draws >= 1_000 else "> 99 %"
    if share <= 0:
        return "< 0.1 %" if draws >= 1_000 else "< 1 %"
    return f"{share:.1%}".replace("%", " %") if share > 0.99 or share < 0.01 else f"{share:.0%}".replace("%", " %")


def show_outlook(outlook: Outlook, last_starts: Sequence[LastStart], out: Console) -> None:
    """The forecast of a run that has not begun, step by step, and its ends."""
    forecast, deadline = outlook.forecast, outlook.deadline
    clock = Clock(outlook.zone, forecast.now, forecast.p90_end)
    runs = outlook.expectations.runs
    shares = [f"{run} ({outlook.volumes[run]:.0%} of the rows)" if run in outlook.volumes else run for run in runs]
    known = f"from {counted(len(runs), 'rehearsal')}: {_named(shares)}" if runs else "no rehearsal counts yet"
    out.print(f"[bold]Forecast[/] for a start at {clock.moment(forecast.now)}\n[dim]{escape(known)}[/]")
    turning = frozenset(task.id for task in outlook.graph.tasks if task.point_of_no_return)
    last = {one.step: one for one in last_starts}
    out.print(_steps(forecast, last, clock, turning=turning, roomy=out.width >= _ROOMY))
    lower = "not before " if forecast.unknown else ""
    _say("expected end", f"{lower}{_both(forecast.p50_end, forecast.p90_end, clock)}", out)
    _say("", f"{lower}{about(forecast.p50_ms)} to {about(forecast.p90_ms)} of work, people not counted", out)
    if deadline:
        _say("hard stop", f"{clock.moment(deadline.hard_stop)}{_kept_back(deadline.floor_ms)}", out)
        _say("", _chance(forecast.chance, forecast.draws), out)
    _not_known(forecast.not_rehearsed, forecast.unknown, out)
    missing = tuple(dict.fromkeys(step for one in last_starts for step in one.missing))
    if missing:
        _say("[red]unproved[/]", f"way back never rehearsed and proved: {escape(_named(missing))}", out)


def show_live(told: Mapping[str, Any], out: Console) -> None:
    """The forecast of a run under way (`app.forecasting.live`): its ends, its pace, and the way back."""
    zone, now = str(told["zone"]), datetime.fromisoformat(told["now"])
    if "p50_end" in told:
        middle, late = (datetime.fromisoformat(told[name]) for name in ("p50_end", "p90_end"))
        _say("expected end", _both(middle, late, Clock(zone, now, late)), out)
        left = f"{about(told['p50_end_ms'])} to {about(told['p90_end_ms'])} of work left, people not counted"
        nothing = "no more work is known" if told["unknown"] else "nothing left but what people do"
        _say("", (left if told["p90_end_ms"] else nothing) + _pace(told["pace_permille"]), out)
        _not_known(told["not_rehearsed"], told["unknown"], out)
    if not told["hard_stop"]:
        return
    stop = datetime.fromisoformat(told["hard_stop"])
    _say("hard stop", f"{Clock(zone, now, stop).moment(stop)}{_kept_back(told['floor_ms'])}", out)
    if "draws" in told:
        permille = told["chance_permille"]
        _say("", _chance(None if permille is None else permille / 1000, told["draws"]), out)
    _way_back(told["rollback"], out)


def _way_back(back: Mapping[str, Any], out: Console) -> None:
    if back["fits"]:
        minutes = back["minutes_left"]
        left = counted(minutes, "minute") if minutes < _MANY_MINUTES else about(minutes * 60_000)
        _say("way back", f"[green]fits for another {left}[/]", out)
        takes = (
            f"takes {about(back['p90_ms'])} (P90), its proof included" if back["p90_ms"] else "nothing is in place yet"
        )
        _say("", f"[dim]{takes}[/]", out)
    else:
        _say("way back", f"[bold red]{escape(back['says'])}[/]", out)


def _say(label: str, text: str, out: Console) -> None:
    """A sentence with its label; what does not fit goes on below itself."""
    line = Table.grid(padding=0)
    line.add_column(width=_LABEL)
    line.add_column()
    line.add_row(f"[bold]{label}[/]" if label else "", text)
    out.print(line)


def _both(middle: datetime, late: datetime, clock: Clock) -> str:
    return f"{clock.date_time(middle)} (P50), {clock.time(late)} (P90) {clock.zone}"


def _steps(
    forecast: Forecast, last: Mapping[str, LastStart], clock: Clock, *, turning: Collection[str], roomy: bool
) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 0, 0, 1))
    table.add_column("step", overflow="fold", min_width=12)
    for heading in ("P50", "P90"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("critical", no_wrap=True)
    for heading in (*(("starts P50",) if roomy else ()), "ends P90", *(("last start",) if last else ())):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in forecast.steps:
        name = escape(one.step) + (" [yellow]⚑[/]" if one.step in turning else "")
        cells = [name, *_lengths(one), _critical(one, _BAR if roomy else _NARROW_BAR)]
        cells += [clock.time(forecast.now + timedelta(milliseconds=one.start_ms))] if roomy else []
        cells.append(clock.time(forecast.now + timedelta(milliseconds=one.end_p90_ms)))
        cells += [_until(last.get(one.step), clock, forecast)] if last else []
        table.add_row(*cells)
    return table


def _lengths(one: StepForecast) -> tuple[str, str]:
    if one.source is PlanSource.UNKNOWN:
        return "[red]?[/]", "[red]?[/]"
    if one.source is PlanSource.PEOPLE:
        return "[dim]people[/]", ""
    if one.source is PlanSource.NOTHING:
        return "[dim]left out[/]", ""
    mark = "[yellow]~[/]" if one.source is PlanSource.EXPECTED else ""
    return f"{mark}{about(one.p50_ms)}", f"{mark}{about(one.p90_ms)}"


def _critical(one: StepForecast, cells: int) -> str:
    if one.source not in (PlanSource.REHEARSED, PlanSource.EXPECTED):
        return ""
    colour = "cyan" if one.criticality >= 0.5 else "dim"
    return f"[{colour}]{bar(one.criticality, cells)}[/] {one.criticality * 100:>3.0f} %"


def _until(one: LastStart | None, clock: Clock, forecast: Forecast) -> str:
    if one is None:
        return ""
    if one.at is None:
        return "[dim]forward[/]" if not one.missing else "[red]unproved[/]"
    step = forecast.step(one.step)
    late = step is not None and forecast.now + timedelta(milliseconds=step.start_ms) > one.at
    return f"[{'bold red' if late else 'green'}]{clock.time(one.at)}[/]"


def _not_known(not_rehearsed: Sequence[str], unknown: Sequence[str], out: Console) -> None:
    if not_rehearsed:
        _say(
            "[yellow]~ expected[/]",
            f"never rehearsed, only the runbook says how long: {escape(_named(not_rehearsed))}",
            out,
        )
    if unknown:
        _say("[red]? unknown[/]", f"neither rehearsed nor given an `expect`: {escape(_named(unknown))}", out)


def _chance(chance: float | None, draws: int) -> str:
    if chance is None:
        return "[red]nobody can say whether it is made[/]"
    colour = "green" if chance >= 0.9 else "yellow" if chance >= 0.5 else "bold red"
    return f"made in [{colour}]{percent(chance, draws)}[/] of {draws:,} draws"


def _kept_back(floor_ms: int) -> str:
    return f", {about(floor_ms)} of it kept back" if floor_ms else ""


def _pace(permille: int) -> str:
    slower = permille - 1000
    if abs(slower) < 20:
        return ", as rehearsed"
    return f", {abs(slower) / 10:.0f} % {'slower' if slower > 0 else 'faster'} than rehearsed"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
