"""Planned against actual: what was promised, how late is late, and the band of the forecast in the chart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cutover.evidence.report import document
from cutover.model.event import Event
from tests.unit.evidence import runs
from tests.unit.evidence.runs import Tape


def of(events: list[Event]) -> dict[str, Any]:
    """The report of these events as data."""
    return document(events, chain_problems=[], generated_at=datetime(2026, 11, 24, 20, 0, tzinfo=UTC))


def forecast_run() -> list[Event]:
    """One step as forecast, one slower than nine of ten, and a gate that nobody times."""
    plan = {"source": "rehearsed", "n": 3, "critical_permille": 970}
    tape = Tape().created(
        [runs.step("copy", "copy"), runs.step("reconcile", "reconcile"), runs.step("gate", "approve")],
        planned={
            "copy": {**plan, "ms": 10_000, "p90_ms": 20_000, "start_ms": 0, "end_ms": 10_000, "end_p90_ms": 20_000},
            "reconcile": {
                **plan,
                "ms": 5_000,
                "p90_ms": 6_000,
                "start_ms": 10_000,
                "end_ms": 15_000,
                "end_p90_ms": 26_000,
            },
            "gate": {**plan, "ms": 0, "p90_ms": 0, "source": "people", "n": 0, "start_ms": 15_000, "end_ms": 15_000},
        },
        forecast={"p50_end_ms": 15_000, "p90_end_ms": 26_000, "unknown": []},
    )
    return tape.did("copy", 18).did("reconcile", 13).events


def test_the_timeline_draws_the_band_of_the_forecast() -> None:
    told = of(forecast_run())

    copy, reconcile, gate = told["timeline"]["rows"]
    assert told["timeline"]["band"] and gate["band"] is None and gate["planned"] is None
    assert (
        "copy: takes at most 20 s in nine of ten cases (P90), and lies on the longest path in 97 % of them"
        in (copy["band"]["says"])
    )
    assert reconcile["band"]["end"] > copy["band"]["end"]
    assert "planned for the whole runbook: 15 s (P50), 26 s in nine of ten cases (P90)" in told["timeline"]["says"]


def test_late_is_what_is_slower_than_nine_of_ten() -> None:
    copy, reconcile, _ = of(forecast_run())["timeline"]["rows"]

    assert (copy["tone"], reconcile["tone"]) == ("", "warn")


def test_the_table_of_steps_says_what_was_promised() -> None:
    copy, _, gate = of(forecast_run())["steps"]

    assert (copy["planned_ms"], copy["planned_p90_ms"], copy["planned_from"]) == (10_000, 20_000, "from 3 rehearsals")
    assert (gate["planned_ms"], gate["planned_from"]) == (None, "people are not timed")
