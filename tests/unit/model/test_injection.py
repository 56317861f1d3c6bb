"""Faults as people write them."""

from __future__ import annotations

import pytest

from cutover.errors import WrongInput
from cutover.model.injection import Fault, Injection, read

KINDS = {"copy-flights": "copy", "reconcile-all": "reconcile", "go-no-go": "approve"}


def test_what_is_written_is_what_is_read() -> None:
    words = ["kill@copy-flights", "slow:2.5x@reconcile-all", "deny@go-no-go"]
    found = read(words, KINDS, gates=["go-no-go"])

    assert [str(one) for one in found] == words
    assert found[1] == Injection(fault=Fault.SLOW, step="reconcile-all", factor=2.5)
    assert [Injection.of(one.plain()) for one in found] == list(found)


@pytest.mark.parametrize(
    ("word", "why", "hint"),
    [
        ("copy-flights", "it is no fault at a step", "write it as kill@STEP"),
        ("kil@copy-flights", "there is no fault 'kil'", "did you mean 'kill'?"),
        ("kill@copy-flight", "the runbook has no step 'copy-flight'", "did you mean 'copy-flights'?"),
        ("slow@reconcile-all", "slow has a factor", "write slow:3x@reconcile-all"),
        ("kill:3x@reconcile-all", "slow has a factor, and nothing else has", "write slow:3x@reconcile-all"),
        ("slow:1x@reconcile-all", "1 is not between 1 and 100", "write slow:3x@reconcile-all"),
        ("slow:1000x@reconcile-all", "1000 is not between", "write slow:3x"),
        ("deny@copy-flights", "nobody is asked at step 'copy-flights'", "there are: go-no-go"),
        ("kill@", "it is no fault at a step", "write it as"),
    ],
)
def test_what_is_no_fault_is_refused(word: str, why: str, hint: str) -> None:
    with pytest.raises(WrongInput) as refused:
        read([word], KINDS, gates=["go-no-go"])

    assert why in str(refused.value)
    assert refused.value.hint.startswith(hint)


def test_one_fault_a_step() -> None:
    with pytest.raises(WrongInput, match="disturbed twice"):
        read(["kill@copy-flights", "lock@copy-flights"], KINDS, gates=[])
