"""Names and tags of flow runs."""

from __future__ import annotations

import pytest

from cutover.flow.record import AttemptTitle
from cutover.model.project import Mode


def title(mode: Mode = Mode.LIVE, *, rollback: bool = False) -> AttemptTitle:
    return AttemptTitle(
        runbook="Flights", environment="production", mode=mode, attempt=2, run="production-1", rollback=rollback
    )


def test_the_name_says_runbook_environment_mode_and_attempt() -> None:
    assert title().name == "Flights · production · live #2"
    assert title(rollback=True).name == "Flights · production · live #2 · rollback"


def test_the_tags_find_the_run_again() -> None:
    assert title().tags == ("run:production-1", "env:production", "attempt:2", "live")


@pytest.mark.parametrize(
    ("made", "flow"),
    [(title(Mode.REHEARSAL), "rehearse"), (title(Mode.LIVE), "go-live"), (title(rollback=True), "roll-back")],
)
def test_the_flow_is_named_like_the_projects_file(made: AttemptTitle, flow: str) -> None:
    assert made.flow == flow
