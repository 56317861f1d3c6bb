"""Who was overtaken says nothing more, whatever its end looked like."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cutover.app import fencing, runs
from cutover.app.workspace import Workspace
from cutover.errors import LeaseLost
from cutover.journal.lease import Lease
from cutover.model.run import NotPossible


def lease(run: str, *, present: int) -> Lease:
    return Lease(scope="environment:dev", run=run, token=4, release=lambda: None, present=lambda: present)


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    fencing._overtaken.clear()


def end(held: Lease, how: Exception) -> None:
    with fencing.carrying(held):
        raise how


def test_a_move_that_is_not_possible_is_a_takeover_when_the_lease_is_gone() -> None:
    with pytest.raises(LeaseLost):
        end(lease("dev-1", present=7), NotPossible("a step that is done cannot be unknown"))

    assert fencing.was_overtaken("dev-1")


def test_a_move_that_is_not_possible_is_a_defect_when_the_lease_is_ours() -> None:
    with pytest.raises(NotPossible):
        end(lease("dev-1", present=4), NotPossible("a step that is done cannot be unknown"))

    assert not fencing.was_overtaken("dev-1")


def test_who_was_overtaken_notes_nothing_of_prefect() -> None:
    with pytest.raises(LeaseLost):
        end(lease("dev-1", present=7), LeaseLost("no more"))

    runs.note_prefect(Workspace(project=None, journal=None, quarantine=None), "dev-1", {"says": "begun"})  # type: ignore[arg-type]


def test_who_takes_it_again_speaks_again() -> None:
    with pytest.raises(LeaseLost):
        end(lease("dev-1", present=7), LeaseLost("no more"))

    with fencing.carrying(lease("dev-1", present=4)):
        assert not fencing.was_overtaken("dev-1")
