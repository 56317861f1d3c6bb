"""How outcomes and results look in Prefect."""

from __future__ import annotations

import pytest

from cutover.contract import RunResult
from cutover.errors import ExitStatus, GateClosed
from cutover.flow import shown_as
from cutover.flow.shown_as import Kind, Shown
from cutover.model.outcome import Fate, Outcome
from cutover.model.status import RunStatus
from cutover.redact import Secret


@pytest.mark.parametrize("fate", Fate)
def test_every_fate_has_a_look_and_only_done_and_waiting_are_green(fate: Fate) -> None:
    kind = shown_as.outcome(Outcome(fate=fate)).kind
    assert (kind is Kind.COMPLETED) == (fate in (Fate.DONE, Fate.WAITING))


def test_a_message_is_code_detail_and_hint() -> None:
    failed = Outcome(fate=Fate.FAILED, code="CUT-300", detail="7 rows are bad", hint="look at them")
    assert shown_as.outcome(failed).message == "CUT-300 7 rows are bad — look at them"
    assert shown_as.outcome(Outcome(fate=Fate.DONE)).message == ""


def test_messages_hold_no_secrets() -> None:
    secret = Secret("zeisig-9d1c").reveal()
    ended = RunResult(run="r", status=RunStatus.ATTENTION, exit_status=ExitStatus.STEP_FAILED, says=f"refused {secret}")
    shown = [
        shown_as.outcome(Outcome(fate=Fate.FAILED, detail=secret)),
        shown_as.result(ended),
        shown_as.error(ValueError(secret)),
    ]
    assert all(secret not in one.message for one in shown)
    assert shown[1].message == "refused ***"


@pytest.mark.parametrize(
    ("status", "exit_status", "kind"),
    [
        (RunStatus.COMPLETED, ExitStatus.DONE, Kind.COMPLETED),
        (RunStatus.ROLLED_BACK, ExitStatus.DONE, Kind.COMPLETED),  # a drill
        (RunStatus.ROLLED_BACK, ExitStatus.ROLLED_BACK, Kind.FAILED),
        (RunStatus.PAUSED, ExitStatus.WAITING_FOR_PERSON, Kind.COMPLETED),
        (RunStatus.PAUSED, ExitStatus.GATE_CLOSED, Kind.FAILED),
        (RunStatus.ATTENTION, ExitStatus.OUTCOME_UNKNOWN, Kind.FAILED),
        (RunStatus.INTERRUPTED, ExitStatus.STEP_FAILED, Kind.CANCELLED),
    ],
)
def test_a_run_looks_as_it_ended(status: RunStatus, exit_status: ExitStatus, kind: Kind) -> None:
    ended = RunResult(run="r", status=status, exit_status=exit_status, says="")
    assert shown_as.result(ended).kind is kind


def test_an_interruption_is_not_a_failure() -> None:
    assert shown_as.error(KeyboardInterrupt()).kind is Kind.CANCELLED


def test_a_refusal_names_its_code_and_the_next_step() -> None:
    shown = shown_as.error(GateClosed("a veto", hint="ask eve"))
    assert shown == Shown(Kind.FAILED, "Refused", "CUT-400 a veto — ask eve")
