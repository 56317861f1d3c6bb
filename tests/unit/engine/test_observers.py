"""The observer for when nobody looks."""

from __future__ import annotations

import logging

import pytest

from cutover.contract import Observer
from cutover.engine.observers import NullObserver
from cutover.model.outcome import Fate, Outcome
from cutover.redact import Secret


def test_the_work_is_carried_out_once_and_its_outcome_returned() -> None:
    observer: Observer = NullObserver()
    done: list[Outcome] = []

    def work() -> Outcome:
        done.append(Outcome(fate=Fate.DONE, detail=str(len(done))))
        return done[-1]

    assert observer.step("copy", moment="run", attempt=1, work=work) is done[0]
    assert len(done) == 1


def test_what_the_work_raises_comes_through() -> None:
    def work() -> Outcome:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        NullObserver().step("copy", moment="undo", attempt=1, work=work)


def test_lines_go_to_the_log_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("gimpel-81aa").reveal()
    with caplog.at_level(logging.INFO, logger="cutover"):
        NullObserver().log(f"connected as {secret}")
    assert caplog.messages == ["connected as ***"]
