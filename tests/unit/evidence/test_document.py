"""The report as data: what stands in it, that it is honest about what is missing, and that no secret gets through."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from cutover.content import canonical
from cutover.evidence.quarantine import SHOWN, Aside, Kept
from cutover.evidence.report import document
from cutover.journal.quarantine import AmendedValue, QuarantinedRow
from cutover.model.event import Event
from cutover.model.run import NotPossible
from cutover.model.status import EventKind as E
from cutover.redact import remember
from tests.unit.evidence import facts, runs
from tests.unit.evidence.runs import Tape


def of(events: list[Event], *, problems: list[str] | None = None, kept: Kept | None = None) -> dict[str, Any]:
    """The document, its chain checked and found well."""
    return document(events, chain_problems=[] if problems is None else problems, kept=kept)


def aside(rows: int, *, total: int = 0) -> Kept:
    """That many rows in quarantine."""
    kept = [
        QuarantinedRow(key=str(n), values={"wind": "1048", "gust": None}, reasons=("wind:max",)) for n in range(rows)
    ]
    return Kept(aside=[Aside(table="weather_observation", step="copy-weather", total=total or rows, rows=kept)])


def test_a_live_run_in_numbers() -> None:
    told = of(runs.went_live())

    assert (told["status"], told["run"]["outcome"], told["run"]["tone"]) == ("completed", "Live", "good")
    assert told["alarms"] == []
    assert told["identity"]["loaded"] == 360_084
    assert [row["balanced"] for row in told["tables"]] == [True] * 5
    assert all(row["equal"] for row in told["fingerprints"])
    assert {(row["measure"], row["target"]) for row in told["totals"]} == {
        ("flights", "329174"),
        ("minutes", "47867710"),
    }
    assert [row["proved"] for row in told["backups"]] == [True]
    assert (told["rollback"], told["proof"]["after"]) == (None, None)
    assert told["journal"] == {
        "events": 80,
        "verified": True,
        "problems": [],
        "first_digest": told["events"][0]["digest"],
        "last_digest": told["events"][-1]["digest"],
    }


def test_the_document_is_plain_json_that_loses_nothing() -> None:
    told = document(
        runs.went_live(), chain_problems=None, kept=aside(3), generated_at=datetime(2026, 11, 25, tzinfo=UTC)
    )

    assert json.loads(json.dumps(told)) == told
    assert told["generated_at"] == "2026-11-25T00:00:00.000Z"


def test_a_failure_that_came_back_by_itself() -> None:
    told = of(runs.came_back())

    assert (told["status"], told["run"]["outcome"], told["run"]["tone"]) == ("rolled_back", "Rolled back", "back")
    assert told["run"]["says"].startswith("It failed, and came back by itself: step 'reconcile-all'")
    assert [row["id"] for row in told["rollback"]["steps"]] == [name for name, *_ in reversed(runs.ONE_SHOT[:9])]
    assert [row["step"] for row in told["failures"]] == ["reconcile-all"]
    assert [row["step"] for row in told["failed_proofs"]] == ["reconcile-all"]
    assert ["200001", "air_minutes", "154", "155"] in [sample for row in told["findings"] for sample in row["samples"]]
    assert all(row["undone"] for row in told["tables"])


def test_the_proof_is_raw_and_compared_name_by_name() -> None:
    proof = of(runs.came_back())["proof"]

    assert proof["before"] == proof["after"] == facts.world()
    row = next(row for row in proof["rows"] if row["name"] == "old.flights")
    assert (row["database"], row["table"], row["rows_before"], row["equal"]) == ("old", "flights", "336776", True)
    application = next(row for row in proof["rows"] if row["name"] == "application")
    assert (application["database"], application["rows_before"], application["before"]) == (
        "",
        "–",
        facts.world()["application"],
    )


def test_a_rollback_without_equal_fingerprints_is_called_what_it_is() -> None:
    told = of(runs.came_back(proof=False))

    assert (told["run"]["tone"], told["proof"]["equal"], told["rollback"]["tone"]) == ("bad", False, "bad")
    assert "not proved" in told["run"]["says"]
    assert any("no fingerprints prove" in alarm for alarm in told["alarms"])


def test_a_drill_is_no_accident() -> None:
    told = of(runs.came_back(drill=True))

    assert (told["run"]["outcome"], told["run"]["tone"]) == ("Drill: rolled back", "good")
    assert told["rollback"]["drill"] is True


def test_a_run_that_waits_says_for_whom_and_shows_its_waves() -> None:
    told = of(runs.phased())

    assert (told["status"], told["run"]["outcome"], told["run"]["ended"]) == ("paused", "Waiting", "")
    assert "'business owner' is missing (approve-kennedy)" in told["run"]["says"]
    assert [(row["wave"], row["remainder"], row["balanced"]) for row in told["waves"]] == [
        ("newark", 218_776, True),
        ("kennedy", 110_776, True),
    ]
    assert [gate["standing"] for gate in told["gates"]] == ["go", "waits", "not reached"]


def test_a_process_that_died_is_an_attempt_without_an_end() -> None:
    attempts = of(runs.phased())["attempts"]

    assert [(one["how"], one["ended"] != "") for one in attempts] == [
        ("paused", True),
        ("died", False),
        ("paused", True),
    ]


def test_gates_show_who_said_what_and_whom_they_asked() -> None:
    gate, manual = of(runs.went_live())["gates"]

    assert (gate["decision"], gate["asks"]) == ("go", ["business owner", "dba"])
    assert [(vote["person"], vote["system_user"], vote["go"]) for vote in gate["votes"]] == [
        ("eve", "eve", True),
        ("dan", "ops", True),
    ]
    assert manual["votes"][0]["reason"] == "opened, airlines informed"


@pytest.mark.parametrize("make", [runs.went_live, runs.came_back, runs.phased])
def test_a_report_can_be_written_after_any_event(make: Any) -> None:
    events = make()

    for end in range(1, len(events) + 1):
        assert of(events[:end])["status"]


def test_a_run_that_has_only_been_made() -> None:
    told = of(runs.went_live()[:1])

    assert (told["status"], told["run"]["outcome"], told["run"]["started"]) == ("draft", "Not started", "")
    assert (told["tables"], told["attempts"], told["timeline"]["rows"]) == ([], [], [])
    assert len(told["steps"]) == len(runs.ONE_SHOT)


def test_events_that_are_no_run_are_refused() -> None:
    with pytest.raises(NotPossible):
        of([])
    with pytest.raises(NotPossible):
        of(runs.went_live()[1:])


def test_an_edited_journal_is_shown_as_far_as_it_makes_sense() -> None:
    events = runs.went_live()
    events.remove(next(event for event in events if event.kind is E.STEP_STARTED))

    told = of(events, problems=["event 4 is not bound to the one before it"])

    assert told["journal"]["verified"] is False
    assert told["journal"]["problems"][0] == "event 4 is not bound to the one before it"
    assert "cannot follow" in told["journal"]["problems"][1]
    assert "cannot be trusted" in told["alarms"][0]
    assert len(told["events"]) == len(events)


def test_a_step_of_another_run_stops_the_reading_and_not_the_report() -> None:
    events = runs.went_live()
    events[5] = replace(events[5], step="somebody-elses")

    assert "somebody-elses" in of(events)["journal"]["problems"][0]


def test_a_chain_that_nobody_checked_is_not_called_unbroken() -> None:
    assert document(runs.went_live(), chain_problems=None)["journal"]["verified"] is None


def test_quarantined_rows_are_limited_and_counted() -> None:
    told = of(runs.went_live(), kept=aside(SHOWN + 5, total=9_000))

    assert len(told["quarantine"]) == SHOWN
    assert told["quarantine"][0] == {
        "table": "weather_observation",
        "step": "copy-weather",
        "key": "0",
        "reasons": ["wind:max"],
        "values": {"wind": "1048", "gust": None},
    }
    assert told["quarantine_totals"] == [
        {"table": "weather_observation", "step": "copy-weather", "rows": 9_000, "shown": SHOWN}
    ]


def test_old_values_are_kept_with_their_reason() -> None:
    kept = Kept(amended={"flight": [AmendedValue(key="7", column="tail", before="N1", reason="not in the register")]})

    assert of(runs.went_live(), kept=kept)["amended"] == [
        {"table": "flight", "key": "7", "column": "tail", "before": "N1", "reason": "not in the register"}
    ]


def test_rows_and_quarantine_hold_no_times_and_no_attempts() -> None:
    """A run that was killed and resumed has the same."""
    told = of(runs.went_live(), kept=aside(2))

    names = {name for row in (*told["tables"], *told["quarantine"]) for name in row}
    assert not names & {"at", "began", "ended", "attempt", "tries", "took_ms", "worked_ms"}
    assert canonical(told["tables"])


def test_p58_a_secret_in_an_event_or_a_row_is_nowhere_in_the_document() -> None:
    canary = "canary-8f1c/3"
    remember(canary)
    events = runs.came_back()
    spoilt = [replace(event, data={**event.data, "detail": f"could not log in with {canary}"}) for event in events]
    row = QuarantinedRow(key=canary, values={canary: f"postgresql://u:{canary}@h/d"}, reasons=(canary,))

    told = of(spoilt, kept=Kept(aside=[Aside(table="t", step="copy-flights", total=1, rows=[row])]))

    text = json.dumps(told)
    assert "could not log in with ***" in text
    assert canary not in text
    assert canary.split("/", maxsplit=1)[0] not in text


def test_text_that_no_utf8_can_hold_is_written_out() -> None:
    row = QuarantinedRow(key="1", values={"name": "caf\udce9"}, reasons=())

    told = of(runs.went_live(), kept=Kept(aside=[Aside(table="t", step="copy-flights", total=1, rows=[row])]))

    assert told["quarantine"][0]["values"] == {"name": "caf\\udce9"}
    assert json.dumps(told, ensure_ascii=False).encode()


def test_the_same_finding_of_a_second_try_is_one_finding() -> None:
    tape = Tape().created(runs.one_shot()).did("old-is-as-rehearsed")
    tape.begin("create-schema")
    tape.say(E.FOUND, "create-schema", **facts.quarantine_finding())
    tape.say(E.STEP_RETRYING, "create-schema", detail="lock timeout", code="", hint="", wait_ms=1)
    tape.say(E.STEP_STARTED, "create-schema")
    tape.say(E.FOUND, "create-schema", **facts.quarantine_finding())

    (finding,) = of(tape.events)["findings"]

    assert (finding["times"], finding["severity"]) == (2, "warning")


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        ({"tables": [facts.table("flight", 10, loaded=9)]}, "rows of 'flight' are not accounted for"),
        ({"tables": [facts.table("flight", 10, balanced=False)]}, "rows of 'flight' are not accounted for"),
    ],
)
def test_a_step_that_says_it_is_well_is_not_believed(returned: dict[str, Any], says: str) -> None:
    tape = Tape().created([runs.step("copy", "copy")]).did("copy", **returned)
    tape.say(E.RUN_COMPLETED)

    told = of(tape.events)

    assert told["alarms"] == [f"The run completed, but {says}."]


@pytest.mark.parametrize(
    "one",
    [
        {"target_digest": "other"},
        {"target_rows": 9},
        {"source_digest": "", "target_digest": ""},
        {"changed": 1},
    ],
)
def test_a_reconciliation_that_does_not_add_up_is_no_agreement(one: dict[str, Any]) -> None:
    returned = {"tables": [facts.compared("flight", 10, **one)], "totals": [], "waves": []}
    tape = Tape().created([runs.step("prove", "reconcile")]).did("prove", **returned)
    tape.say(E.RUN_COMPLETED)

    assert of(tape.events)["alarms"] == ["The run completed, but 'flight' in the target is not what the source held."]


def test_a_live_run_that_was_not_allowed_stands_out() -> None:
    tape = Tape().created(runs.one_shot(), promotion={"allowed": True, "lines": [{"met": False, "says": "test: none"}]})

    assert of(tape.events)["alarms"] == ["This live run began although the rule of cutover.yaml was not met."]


def test_the_timeline_has_a_row_per_step_and_draws_waiting_and_failure_apart() -> None:
    timeline = of(runs.went_live())["timeline"]

    assert [row["step"] for row in timeline["rows"]] == [name for name, *_ in runs.ONE_SHOT]
    looks = {row["step"]: [bar["looks"] for bar in row["bars"]] for row in timeline["rows"]}
    assert looks["copy-flights"] == ["retried", "pause", "work"]
    assert looks["go-no-go"] == ["work", "waiting", "work"]
    assert [cut["label"] for cut in timeline["cuts"]] == ["2 h 01 min", "13 min 00 s"]


def test_planned_times_are_those_that_were_promised_when_the_run_began() -> None:
    steps = {step["id"]: step for step in of(runs.went_live())["steps"]}

    assert (steps["copy-flights"]["planned_ms"], steps["copy-flights"]["planned_from"]) == (12_000, "from 2 rehearsals")
    assert (steps["open-to-users"]["planned_ms"], steps["open-to-users"]["planned_from"]) == (None, "")


def test_an_address_that_is_none_becomes_no_link() -> None:
    tape = Tape().created(runs.one_shot())
    tape.say(E.PREFECT, flow_run_id="x", url="javascript:alert(1)", complete=False, says="begun")

    told = of(tape.events)

    assert [run["url"] for run in told["prefect"]["runs"]] == ["http://127.0.0.1:4280/runs/flow-run/0000-1", ""]
    assert told["attempts"][-1]["flow_run_url"] == ""
    assert told["prefect"]["says"] == "flow run 2 has begun; its end is not noted yet"


def test_a_stuck_rollback_lists_what_is_not_back() -> None:
    tape = runs.prepared(Tape().created(runs.one_shot()))
    tape.say(E.ROLLBACK_STARTED, reason="asked", automatic=False, drill=False, by=runs.BY)
    tape.say(E.UNDO_STARTED, "copy-reference")
    tape.say(E.UNDO_FAILED, "copy-reference", detail="somebody else wrote to it", code="CUT-531", hint="look at it")
    tape.say(E.ROLLBACK_STUCK, reason="not undone", steps=["copy-reference"], differences=["new.airline"])

    told = of(tape.events)

    assert (told["status"], told["rollback"]["tone"], told["rollback"]["differences"]) == (
        "rollback_stuck",
        "bad",
        ["new.airline"],
    )
    outcomes = [(row["id"], row["outcome"]) for row in told["rollback"]["steps"]]
    assert outcomes[:2] == [("copy-reference", "undo failed"), ("prove-backup-of-old", "not yet undone")]
    assert told["rollback"]["why"] == "Asked for by ana on bastion-2: asked"


def test_what_an_undo_did_is_said_and_what_it_did_not_is_left_out() -> None:
    tape = runs.prepared(Tape().created(runs.one_shot()))
    tape.say(E.ROLLBACK_STARTED, reason="asked", automatic=False, drill=False, by=runs.BY)
    tape.undid("copy-reference", deleted={"airline": 16, "airport": 1458}, nothing_to_do=False)
    tape.undid("prove-backup-of-old", nothing_to_do=True)

    assert [row["says"] for row in of(tape.events)["rollback"]["steps"][:2]] == [
        "deleted: airline 16, airport 1,458",
        "nothing to do",
    ]


def test_a_step_that_has_its_turn_to_come_waits_for_nobody() -> None:
    shown = {step["id"]: (step["status"], step["shown"]) for step in of(runs.phased())["steps"]}

    assert shown["approve-kennedy"] == ("ready", "waits for a person")
    assert shown["copy-laguardia"] == ("waiting", "not begun")
    assert shown["copy-kennedy"] == ("done", "done")


def test_a_failure_that_was_overcome_is_told_apart_from_one_that_stands() -> None:
    assert [(row["step"], row["done_later"]) for row in of(runs.phased())["failures"]] == [("copy-kennedy", True)]
    assert [(row["step"], row["done_later"]) for row in of(runs.came_back())["failures"]] == [("reconcile-all", False)]
