"""
The geometry of the Gantt chart: where every bar, tick and break of the axis stands, in per mille of the width.

Pure: spans and planned durations in, numbers out; the template draws them as SVG and decides
every colour. Long stretches in which nothing worked (a night of waiting for a vote) are cut
short on the axis, and the cut is drawn, so that seconds of work stay visible beside hours.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cutover.evidence.timeline import Span, idle
from cutover.model.rehearsal import PlannedStep, PlanSource

#: Whole width of the drawing. SVG gets these as percentages with one decimal.
WIDTH = 1000
#: A bar is never narrower than this, or a step of a few milliseconds could not be seen or pointed at.
NARROWEST = 4
#: An idle stretch is cut when it is longer than this share of all the work …
CUT_SHARE = 0.25
#: … and longer than this, because a short run needs no cuts.
CUT_FROM_MS = 20_000
#: What is left of a cut stretch on the axis, as a share of the drawing.
CUT_WIDTH = 0.05

_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
#: Plans that say how long something takes; people and what is left out have none.
_DRAWN = frozenset({PlanSource.REHEARSED, PlanSource.EXPECTED})
#: Distances between ticks that people can count with.
_STEPS_MS = (
    *(n for n in (100, 200, 500)),
    *(n * _SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * _MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 7, 14, 28)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A stretch of one step on the axis; `x` and `width` in per mille."""

    x: float
    width: float
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One step: its planned bar (None when nobody can say) and what really happened."""

    step: str
    planned: tuple[float, float] | None  # x, width
    pieces: tuple[tuple[float, float], ...]  # of the planned bar, without the gaps in which its clock stands still
    band: tuple[tuple[float, float], ...]  # from the planned end to the one that nine of ten runs keep, in such pieces
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A stretch of the axis that is not to scale."""

    x: float
    width: float
    ms: int  # how long it really was


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Everything the template needs to draw."""

    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, int], ...]  # x, milliseconds after the run's first event
    tick_ms: int  # distance between two ticks
    cuts: tuple[Cut, ...]
    until_ms: int


class Axis:
    """A map from milliseconds to per mille of the width: straight pieces, flatter where the axis is cut."""

    def __init__(self, until_ms: int, cuts: Sequence[tuple[int, int]]) -> None:
        self.until_ms = max(until_ms, 1)
        self.cuts = tuple(cuts)
        shown_ms = self.until_ms - sum(end - start for start, end in self.cuts)
        share = 1 - CUT_WIDTH * len(self.cuts)
        knots = [(0, 0.0)]
        for start, end in self.cuts:
            at, x = knots[-1]
            x += (start - at) / max(shown_ms, 1) * share * WIDTH
            knots += [(start, x), (end, x + CUT_WIDTH * WIDTH)]
        self._knots = (*knots, (self.until_ms, float(WIDTH)))
        self._starts = tuple(at for at, _ in self._knots)

    def x(self, ms: int) -> float:
        """Where that moment stands; moments outside the run stand at its ends."""
        ms = min(max(ms, 0), self.until_ms)
        index = min(max(bisect_right(self._starts, ms) - 1, 0), len(self._knots) - 2)
        (at, x), (next_at, next_x) = self._knots[index], self._knots[index + 1]
        return x if next_at == at else x + (ms - at) / (next_at - at) * (next_x - x)


def chart(steps: Sequence[str], spans: Sequence[Span], planned: Mapping[str, PlannedStep]) -> Chart:
    """
    Lay out the chart of `steps` in that order; one row each, also for a step that never began.

    The plan's clock begins with the first work and stands still while the run waits for people or is
    down: waiting is nobody's lateness, so a planned bar to the left of its actual one means slow work.
    """
    begun_ms = min((span.start_ms for span in spans), default=0)
    worked_until = max((span.end_ms for span in spans), default=0)
    gaps = idle(spans, until_ms=worked_until)
    windows = {
        step: (_on_the_wall(plan.start_ms, begun_ms, gaps), _on_the_wall(plan.end_ms, begun_ms, gaps, ends=True))
        for step, plan in planned.items()
        if plan.ms is not None and plan.source in _DRAWN and step in steps
    }
    bands = {
        step: (windows[step][1], _on_the_wall(planned[step].end_p90_ms or 0, begun_ms, gaps, ends=True))
        for step in windows
        if (planned[step].end_p90_ms or 0) > planned[step].end_ms
    }
    until_ms = max([worked_until, *(end for _, end in (*windows.values(), *bands.values()))])
    axis = Axis(until_ms, _cuts(gaps, worked_ms=until_ms - sum(end - start for start, end in gaps)))
    tick_ms, ticks = _ticks(axis)
    by_step: dict[str, list[Span]] = {}
    for span in spans:
        by_step.setdefault(span.step, []).append(span)
    return Chart(
        rows=tuple(
            _row(step, by_step.get(step, ()), _Plan(windows.get(step), bands.get(step), gaps), axis) for step in steps
        ),
        ticks=ticks,
        tick_ms=tick_ms,
        cuts=tuple(Cut(x=axis.x(start), width=axis.x(end) - axis.x(start), ms=end - start) for start, end in axis.cuts),
        until_ms=until_ms,
    )


class _Plan(NamedTuple):
    """When a step was planned on the wall's clock, between when it should end, and the gaps of the run."""

    window: tuple[int, int] | None
    band: tuple[int, int] | None
    gaps: Sequence[tuple[int, int]]


def _row(step: str, spans: Sequence[Span], plan: _Plan, axis: Axis) -> Row:
    bars = tuple(
        Bar(x=x, width=width, span=span) for span in spans for x, width in (_place(axis, span.start_ms, span.end_ms),)
    )
    if plan.window is None:
        return Row(step=step, planned=None, pieces=(), band=(), bars=bars)
    pieces = tuple(_place(axis, start, end) for start, end in _pieces(plan.window, plan.gaps, axis))
    # No least width here: a band that cannot be seen is one that says nothing.
    band = _pieces(plan.band, plan.gaps, axis) if plan.band else []
    return Row(
        step=step,
        planned=_place(axis, *plan.window),
        pieces=pieces,
        band=tuple((axis.x(start), axis.x(end) - axis.x(start)) for start, end in band),
        bars=bars,
    )


def _pieces(window: tuple[int, int], gaps: Sequence[tuple[int, int]], axis: Axis) -> list[tuple[int, int]]:
    """The window without the gaps that are wide enough to be seen."""
    start, end = window
    pieces = []
    for gap_start, gap_end in gaps:
        if start < gap_start and gap_end < end and axis.x(gap_end) - axis.x(gap_start) > 2 * NARROWEST:
            pieces.append((start, gap_start))
            start = gap_end
    return [*pieces, (start, end)]


def _place(axis: Axis, start_ms: int, end_ms: int) -> tuple[float, float]:
    x, end = axis.x(start_ms), axis.x(end_ms)
    width = max(end - x, float(NARROWEST))
    return min(x, WIDTH - width), width


def _on_the_wall(planned_ms: int, begun_ms: int, gaps: Sequence[tuple[int, int]], *, ends: bool = False) -> int:
    """A moment of the plan as milliseconds after the run's start, every gap before it added."""
    at = begun_ms + planned_ms
    for start, end in gaps:
        # A bar that ends where a gap begins ends before it; one that begins there begins after it.
        if start >= begun_ms and (start < at or (start == at and not ends)):
            at += end - start
    return at


def _cuts(gaps: Sequence[tuple[int, int]], *, worked_ms: int) -> list[tuple[int, int]]:
    longest = max(CUT_FROM_MS, round(worked_ms * CUT_SHARE))
    wanted = sorted((gap for gap in gaps if gap[1] - gap[0] > longest), key=lambda gap: gap[0] - gap[1])
    # Ten cuts take half of the drawing; the shorter gaps beyond that stay to scale.
    return sorted(wanted[:10])


def _ticks(axis: Axis) -> tuple[int, tuple[tuple[float, int], ...]]:
    """Round moments, six to ten where the axis is straight; none inside a cut, none crowding the one before."""
    shown_ms = axis.until_ms - sum(end - start for start, end in axis.cuts)
    tick_ms = next((step for step in _STEPS_MS if shown_ms / step <= 9), _STEPS_MS[-1])
    ticks: list[tuple[float, int]] = []
    pieces = [0, *(edge for cut in axis.cuts for edge in cut), axis.until_ms]
    for start, end in zip(pieces[::2], pieces[1::2], strict=True):
        first = -(-start // tick_ms) * tick_ms
        for at in range(first, end + 1, tick_ms):
            x = axis.x(at)
            if not ticks or x - ticks[-1][0] >= WIDTH / 20:
                ticks.append((x, at))
    return tick_ms, tuple(ticks)
