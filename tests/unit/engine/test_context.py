"""What a step's context keeps: findings, memories that survive, and no secret that would come back as stars."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.contract import Context
from cutover.engine.context import SecretInMemory
from cutover.engine.observers import NullObserver
from cutover.model.outcome import Finding
from cutover.model.status import EventKind
from cutover.redact import Secret
from tests.unit.engine.toys import Table


@pytest.fixture
def toys(tmp_path: Path) -> Table:
    return Table(("a",), tmp_path)


def within(toys: Table, work: object) -> None:
    """Call `work` with the context of step a while it runs."""
    engine = toys.engine()
    ctx: Context = engine._context(toys.runbook.step("a"))
    toys.acts["run a"] = [lambda: work(ctx)]  # type: ignore[operator]
    engine._observer = NullObserver()
    engine.attempt()


def test_a_finding_stands_in_the_journal(toys: Table) -> None:
    finding = Finding(check="c", table="t", says="s", count=1, samples=(("1", "2"),), step="a")
    within(toys, lambda ctx: ctx.find(finding))
    assert toys.data(EventKind.FOUND)["samples"] == [["1", "2"]]


def test_the_first_memory_counts(toys: Table) -> None:
    kept: list[object] = []
    within(toys, lambda ctx: kept.extend([ctx.remember("x", [1]), ctx.remember("x", [2]), ctx.remembered("y")]))
    assert kept == [[1], [1], None]


def test_a_secret_is_not_remembered_as_stars(toys: Table) -> None:
    secret = Secret("goldammer-55c1").reveal()

    def remember(ctx: Context) -> None:
        with pytest.raises(SecretInMemory):
            ctx.remember("file", {"text": f"it says {secret}"})

    within(toys, remember)


def test_a_decision_is_written_once(toys: Table) -> None:
    within(toys, lambda ctx: (ctx.decide("simulated", ()), ctx.decide("simulated", ())))
    assert toys.kinds().count("gate.decided a") == 1


def test_an_unknown_step_has_no_facts(toys: Table) -> None:
    kept: list[object] = []
    within(toys, lambda ctx: kept.append(ctx.facts("nope")))
    assert kept == [{}]
