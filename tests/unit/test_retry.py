"""The one door to tenacity: limits, waits, what is told, and that only the declared is tried again."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator

import pytest

from cutover.errors import OutcomeUnknown, StepFailed, TryAgain
from cutover.model.runbook import RetryRule
from cutover.redact import Secret
from cutover.retry import RetryPolicy
from tests.unit.journal.clocks import MadeUpClock


@pytest.fixture
def clock() -> MadeUpClock:
    return MadeUpClock()


def failing(times: int, error: Exception | None = None) -> Callable[[], str]:
    """Work that fails so often before it is done."""
    left: Iterator[int] = iter(range(times))

    def work() -> str:
        if next(left, None) is not None:
            raise error or TryAgain("lock timeout")
        return "done"

    return work


def test_what_succeeds_is_done_once(clock: MadeUpClock) -> None:
    assert RetryPolicy().call("copy", failing(0), clock=clock) == "done"
    assert clock.slept == []


def test_what_heals_is_tried_again(clock: MadeUpClock) -> None:
    assert RetryPolicy().call("copy", failing(3), clock=clock) == "done"
    assert len(clock.slept) == 3


@pytest.mark.parametrize("error", [StepFailed("no rights"), OutcomeUnknown("link lost"), ValueError("a defect")])
def test_what_is_not_declared_is_never_tried_again(clock: MadeUpClock, error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        RetryPolicy().call("copy", failing(1, error), clock=clock)

    assert raised.value is error
    assert clock.slept == []


def test_enough_tries_raise_the_last_error_itself(clock: MadeUpClock) -> None:
    tried: list[TryAgain] = []

    def work() -> None:
        tried.append(TryAgain(f"try {len(tried) + 1}", hint="wait"))
        raise tried[-1]

    with pytest.raises(TryAgain) as raised:
        RetryPolicy(tries=4).call("copy", work, clock=clock)

    assert len(tried) == 4
    assert raised.value is tried[-1]


def test_a_policy_of_two_minutes_ends_at_two_minutes(clock: MadeUpClock) -> None:
    """The last wait is cut: the last try begins at the limit, not after it."""
    began: list[float] = []

    def work() -> None:
        began.append(clock.tick())
        raise TryAgain("still locked")

    with pytest.raises(TryAgain):
        RetryPolicy(for_seconds=120, tries=1000, longest_wait=15).call("copy", work, clock=clock)

    assert began[-1] == pytest.approx(120)
    assert 10 < len(began) < 30


def test_time_that_the_work_takes_counts(clock: MadeUpClock) -> None:
    def work() -> None:
        clock.go(50)
        raise TryAgain("slow")

    with pytest.raises(TryAgain):
        RetryPolicy(for_seconds=120, tries=1000, first_wait=1).call("copy", work, clock=clock)

    assert len(clock.slept) == 2


@pytest.mark.parametrize("tries", [1, 2, 3, 4])
def test_waits_double_with_a_little_chance(tries: int) -> None:
    policy = RetryPolicy(first_wait=0.5, longest_wait=100)
    waits = {policy.next_wait(tries, 0.0) for _ in range(50)}

    least = 0.5 * 2 ** (tries - 1)
    assert all(least <= (wait or 0) <= least + 0.25 for wait in waits)
    assert len(waits) > 40, "those who failed together would come back together"


def test_no_wait_is_longer_than_the_longest() -> None:
    policy = RetryPolicy(for_seconds=math.inf, tries=10_000, first_wait=2, longest_wait=15)

    assert policy.next_wait(9, 0) == 15
    assert policy.next_wait(9_999, 0) == 15


@pytest.mark.parametrize(("tries", "elapsed"), [(8, 0.0), (9, 0.0), (1, 120.0), (1, 500.0)])
def test_enough_is_none(tries: int, elapsed: float) -> None:
    assert RetryPolicy(for_seconds=120, tries=8).next_wait(tries, elapsed) is None


def test_the_last_wait_is_cut() -> None:
    assert RetryPolicy(for_seconds=120, first_wait=10).next_wait(1, 119.5) == 0.5


def test_a_rule_of_a_runbook_is_a_number_of_tries_however_long_they_take() -> None:
    policy = RetryPolicy.of(RetryRule(tries=3, wait_seconds=2.0))

    assert 2 <= (policy.next_wait(1, elapsed=86_400.0) or 0) <= 3
    assert policy.next_wait(3, 0.0) is None


@pytest.mark.parametrize("wait", [0.0, 3600.0])
def test_a_rule_may_name_any_wait(wait: float) -> None:
    assert (RetryPolicy.of(RetryRule(tries=2, wait_seconds=wait)).next_wait(1, 0) or 0) >= wait


def test_each_wait_is_logged_and_told_with_its_reason(clock: MadeUpClock, caplog: pytest.LogCaptureFixture) -> None:
    told: list[tuple[int, str, float]] = []
    error = TryAgain(f"lock timeout as {Secret('canary-retry').reveal()}")

    with caplog.at_level(logging.WARNING, "cutover.retry"):
        RetryPolicy().call("copy of 'flight'", failing(2, error), clock=clock, tell=lambda *said: told.append(said))

    assert told == [(1, "lock timeout as ***", clock.slept[0]), (2, "lock timeout as ***", clock.slept[1])]
    assert caplog.messages[0] == f"copy of 'flight': try 1: lock timeout as ***; next in {clock.slept[0]:.1f} s"


def test_an_interrupted_wait_comes_through(clock: MadeUpClock, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(clock, "sleep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        RetryPolicy().call("copy", failing(5), clock=clock)


@pytest.mark.parametrize(
    "wrong",
    [{"tries": 0}, {"for_seconds": -1}, {"first_wait": -1}, {"first_wait": 20}, {"longest_wait": math.inf}],
    ids=str,
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        RetryPolicy(**wrong)  # type: ignore[arg-type]
