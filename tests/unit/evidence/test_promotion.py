"""Whether a live run may start: each way to be refused, each way to be let through, and what is said about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cutover.errors import ExitStatus
from cutover.evidence.promotion import Candidate, NotRehearsed, Verdict, demand, may_go_live
from cutover.model.project import Requirement
from cutover.model.rehearsal import Rehearsal
from cutover.model.status import RunStatus

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Digests:
    """What would run now."""

    raw: str = "sha256:raw"
    semantic: str = "sha256:meaning"
    files: dict[str, tuple[str, str]]


FILES = {"runbooks/go.yaml": ("r1", "s1"), "migrations/flights.yaml": ("r2", "s2")}
CANDIDATE = Candidate(
    runbook="go", path="runbooks/go.yaml", digests=Digests(files=FILES), steps={"copy": "c1", "open": "o1"}
)
TEST = Requirement(environment="test")


def rehearsal(**changes: Any) -> Rehearsal:
    """A rehearsal in `test`, yesterday, that carried exactly what would run now."""
    usual = Rehearsal(
        run="test-1",
        runbook="go",
        environment="test",
        started=NOW - timedelta(days=1, hours=1),
        ended=NOW - timedelta(days=1),
        status=RunStatus.COMPLETED,
        semantic="sha256:meaning",
        raw="sha256:raw",
        files=FILES,
        steps={"copy": "c1", "open": "o1"},
        complete=True,
    )
    return replace(usual, **changes)


def verdict(requirement: Requirement, *rehearsals: Rehearsal, candidate: Candidate = CANDIDATE) -> Verdict:
    """The verdict on one requirement."""
    return may_go_live(candidate, [requirement], rehearsals=rehearsals, now=NOW)


def test_a_rehearsal_of_the_same_digest_lets_the_run_through_and_is_named() -> None:
    (line,) = verdict(TEST, rehearsal()).lines

    assert line.met
    assert line.runs == ("test-1",)
    assert "test-1 (2026-11-23)" in line.says


def test_what_the_rehearsals_left_out_and_other_values_are_told() -> None:
    candidate = replace(CANDIDATE, variables={"batch": "5000"})
    (line,) = verdict(TEST, rehearsal(skipped=("open",), variables={"batch": "500"}), candidate=candidate).lines

    assert line.met
    assert "; never carried out there: open" in line.says
    assert "; variable 'batch' was '500' in the rehearsal, and is '5000' here" in line.says

    there = replace(CANDIDATE, skipped=frozenset({"open"}))
    assert "never carried out" not in verdict(TEST, rehearsal(skipped=("open",)), candidate=there).lines[0].says
    assert "never carried out" not in verdict(TEST, rehearsal(skipped=("open",)), rehearsal()).lines[0].says


def test_an_environment_that_asks_for_nothing_gets_nothing() -> None:
    assert may_go_live(CANDIDATE, [], rehearsals=[], now=NOW).allowed


@pytest.mark.parametrize(
    ("requirement", "rehearsals", "says"),
    [
        (TEST, [], "no rehearsal of runbook 'go' has ended"),
        (TEST, [rehearsal(environment="dev")], "no rehearsal of runbook 'go' has ended"),
        (TEST, [rehearsal(runbook="other")], "no rehearsal of runbook 'go' has ended"),
        (Requirement(environment="test", at_least=2), [rehearsal()], "1 of 2 rehearsals that count"),
        (
            Requirement(environment="test", within_days=21),
            [rehearsal(ended=NOW - timedelta(days=30))],
            "'test-1' is too old (30 d, at most 21 d)",
        ),
        (TEST, [rehearsal(complete=False, status=RunStatus.STOPPED)], "'test-1' did not come to its end (stopped)"),
        (
            TEST,
            [rehearsal(complete=False, drill=True, status=RunStatus.ROLLED_BACK)],
            "'test-1' is a drill that does not count: it turned round early, took nothing back, or was not proved",
        ),
        (TEST, [rehearsal(ended=NOW + timedelta(seconds=1))], "'test-1' lies in the future (2026-11-24 00:00 UTC)"),
        (TEST, [rehearsal(started=NOW + timedelta(days=1))], "'test-1' lies in the future (2026-11-25 00:00 UTC)"),
        (Requirement(environment="test", rollback_rehearsed=True), [rehearsal()], "rollback was not rehearsed"),
        (Requirement(environment="test", restore_proved=True), [rehearsal()], "no backup was proved by a restore"),
    ],
)
def test_refused(requirement: Requirement, rehearsals: list[Rehearsal], says: str) -> None:
    refused = verdict(requirement, *rehearsals)

    assert not refused.allowed
    assert says in refused.lines[0].says


def test_the_age_limit_itself_still_counts() -> None:
    limit = Requirement(environment="test", within_days=21)

    assert verdict(limit, rehearsal(ended=NOW - timedelta(days=21))).allowed
    assert not verdict(limit, rehearsal(ended=NOW - timedelta(days=21, seconds=1))).allowed


def test_a_rollback_proved_with_another_digest_does_not_count() -> None:
    wanted = Requirement(environment="test", rollback_rehearsed=True)
    old = rehearsal(run="test-1", semantic="sha256:other", rollback_rehearsed=True)

    assert not verdict(wanted, old, rehearsal(run="test-2")).allowed


def test_a_changed_step_and_a_changed_file_are_named() -> None:
    past = rehearsal(
        semantic="sha256:before",
        steps={"copy": "c0", "open": "o1", "gone": "g"},
        files={**FILES, "migrations/flights.yaml": ("r0", "s0")},
    )

    says = verdict(TEST, past).lines[0].says

    assert "'test-1' carried another digest (before)" in says
    assert "steps 'copy', 'gone' (removed) changed" in says
    assert "file 'migrations/flights.yaml' changed" in says
    assert "go.yaml" not in says


def test_p57_a_comment_changes_the_bytes_only_so_the_run_is_allowed_and_both_digests_are_shown() -> None:
    past = rehearsal(raw="sha256:oldbytes", files={**FILES, "runbooks/go.yaml": ("r0", "s1")})

    (line,) = verdict(TEST, past).lines

    assert line.met
    assert "same meaning (meaning)" in line.says
    assert "(oldbytes, now raw)" in line.says
    assert "only comments or layout of runbooks/go.yaml" in line.says


def test_steps_that_nobody_was_asked_about_are_said() -> None:
    assert "nobody was asked at approve" in verdict(TEST, rehearsal(simulated=("approve",))).lines[0].says


def test_the_refusal_lists_everything_and_says_what_to_type() -> None:
    requires = [
        Requirement(environment="test", rollback_rehearsed=True),
        Requirement(environment="preproduction", restore_proved=True),
    ]

    with pytest.raises(NotRehearsed) as refused:
        demand(may_go_live(CANDIDATE, requires, rehearsals=[], now=NOW), environment="production")

    assert refused.value.exit_status is ExitStatus.GATE_CLOSED
    assert "test: no rehearsal" in str(refused.value)
    assert "preproduction: no rehearsal" in str(refused.value)
    assert refused.value.hint == (
        "`cutover rehearse runbooks/go.yaml --env test --drill`; then "
        "`cutover rehearse runbooks/go.yaml --env preproduction`"
    )


def test_nothing_is_raised_when_everything_is_there() -> None:
    there = verdict(TEST, rehearsal())
    demand(there, environment="production")
    assert there.allowed


# -- volume and coverage -------------------------------------------------------------------------------

LARGE = replace(CANDIDATE, volumes={"flight": 1_000, "weather": 1_000})
VOLUME = Requirement(environment="test", minimum_volume=0.8)
COVERAGE = Requirement(environment="test", minimum_coverage=0.95)


def test_one_rehearsal_of_enough_rows_is_enough() -> None:
    small, full = (rehearsal(run=f"test-{rows}", volumes={"flight": rows, "weather": rows}) for rows in (10, 800))

    (line,) = verdict(VOLUME, small, full, candidate=LARGE).lines

    assert line.met and "volume as asked for in test-800 (80 %)" in line.says


@pytest.mark.parametrize(
    ("volumes", "says"),
    [
        ({"flight": 799, "weather": 800}, "none had at least 80 % of its rows (the largest had 79.9 %)"),
        ({}, "none had at least 80 % of its rows (how many it has could not be counted)"),
        ({"another": 10**9}, "none had at least 80 % of its rows (how many it has could not be counted)"),
    ],
)
def test_too_few_rows_or_nobody_knows_how_many(volumes: dict[str, int], says: str) -> None:
    refused = verdict(VOLUME, rehearsal(volumes=volumes), candidate=LARGE)

    assert not refused.allowed and says in refused.lines[0].says


def test_a_rehearsal_that_does_not_count_does_not_count_for_its_rows_either() -> None:
    other = rehearsal(semantic="sha256:other", volumes={"flight": 1_000, "weather": 1_000})

    assert "none had at least 80 % of its rows" in verdict(VOLUME, other, candidate=LARGE).lines[0].says


def test_enough_columns_judged() -> None:
    (line,) = verdict(COVERAGE, rehearsal(coverage=(19, 20))).lines

    assert line.met and "columns judged: test-1 (19 of 20)" in line.says


@pytest.mark.parametrize(
    ("coverage", "says"),
    [
        ((18, 20), "none judged at least 95 % of the target's columns (the best judged 18 of 20)"),
        (None, "none judged at least 95 % of the target's columns (no validation said which it judged)"),
    ],
)
def test_too_few_columns_judged(coverage: tuple[int, int] | None, says: str) -> None:
    refused = verdict(COVERAGE, rehearsal(coverage=coverage))

    assert not refused.allowed and says in refused.lines[0].says
