"""
Whole runs made up event by event, as the engine writes them: one went live, one came back, one waits.

A `Tape` obeys the state tables (the report folds what it is given) and chains its events, so that
what these tests read has the shape of a real journal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cutover.content import digest
from cutover.model.event import Event
from cutover.model.run import after, fold
from cutover.model.status import EventKind as E
from tests.unit.evidence import facts

BY = {"user": "ana", "host": "bastion-2", "pid": "4711"}
VOTES = (
    {"person": "eve", "system_user": "eve", "role": "business owner", "go": True, "reason": "the totals agree"},
    {"person": "dan", "system_user": "ops", "role": "dba", "go": True, "reason": "fingerprints agree, backups proved"},
)
#: Step, kind, phase, planned seconds.
ONE_SHOT = (
    ("old-is-as-rehearsed", "check", "Prepare", 1),
    ("create-schema", "sql", "Prepare", 1),
    ("back-up-old", "backup", "Prepare", 4),
    ("prove-backup-of-old", "restore_check", "Prepare", 5),
    ("copy-reference", "copy", "Move", 1),
    ("copy-flights", "copy", "Move", 12),
    ("copy-weather", "copy", "Move", 2),
    ("validate-all", "validate", "Prove", 3),
    ("reconcile-all", "reconcile", "Prove", 14),
    ("go-no-go", "approve", "Decide", 0),
    ("switch-to-new", "switch", "Go live", 1),
    ("smoke-test", "smoke", "Go live", 1),
    ("open-to-users", "manual", "Go live", 0),
)
SAYS = {
    "go-no-go": "ask the business owner and the dba: the new system holds what the old one held. Shall it take over?",
    "open-to-users": "the cutover lead opens the new system to its users, and tells the airlines that it is open",
}


class Tape:
    """Events one after the other; `say` moves the clock, then writes."""

    def __init__(self, run: str = "production-1", start: datetime = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)) -> None:
        self.run = run
        self.now = start
        self.events: list[Event] = []
        self._attempts: dict[str, int] = {}

    def say(self, kind: E, step: str = "", /, *, seconds: float = 0.01, **data: Any) -> Event:
        """Write an event that many seconds after the one before; NotPossible when it cannot follow."""
        self.now += timedelta(seconds=seconds)
        if kind is E.STEP_STARTED:
            self._attempts[step] = self._attempts.get(step, 0) + 1
        prev = self.events[-1].digest if self.events else ""
        event = Event(
            run=self.run,
            seq=len(self.events) + 1,
            at=self.now,
            kind=kind,
            step=step,
            attempt=self._attempts.get(step, 0),
            data=data,
            prev=prev,
            digest=digest([prev, len(self.events), str(kind), step, self.now.isoformat(), data]),
        )
        if self.events:
            after(fold(self.events), event)
        self.events.append(event)
        return event

    def created(self, steps: Sequence[Mapping[str, Any]], **changes: Any) -> Tape:
        """The first event, armed, and the first attempt."""
        self.say(E.RUN_CREATED, **{**created(steps), **changes})
        self.say(E.RUN_ARMED)
        return self.attempt()

    def attempt(self, *, seconds: float = 0.5, pid: str = "4711") -> Tape:
        """A process takes over."""
        number = sum(1 for event in self.events if event.kind is E.ATTEMPT_STARTED) + 1
        self.say(E.ATTEMPT_STARTED, seconds=seconds, number=number, by={**BY, "pid": pid}, token=number)
        url = f"http://127.0.0.1:4280/runs/flow-run/0000-{number}"
        self.say(
            E.PREFECT, flow_run_id=f"0000-{number}", url=url, complete=True, says="the server has 14 of 14 task runs"
        )
        return self

    def begin(self, step: str) -> Tape:
        """The step is ready and starts."""
        self.say(E.STEP_READY, step)
        self.say(E.STEP_STARTED, step)
        return self

    def did(self, step: str, seconds: float = 1, **returned: Any) -> Tape:
        """The step worked that long and is done."""
        self.begin(step)
        self.say(E.STEP_VERIFYING, step, seconds=seconds * 0.9)
        self.say(E.STEP_DONE, step, seconds=seconds * 0.1, facts=returned)
        return self

    def undid(self, step: str, seconds: float = 0.2, **returned: Any) -> Tape:
        """The step was undone."""
        self.say(E.UNDO_STARTED, step)
        self.say(E.UNDO_DONE, step, seconds=seconds, facts=returned)
        return self

    def ended(self, status: str, exit_status: int, says: str) -> Tape:
        """The process says how it ended."""
        self.say(E.ATTEMPT_ENDED, status=status, exit_status=exit_status, says=says)
        return self


def step(name: str, kind: str, phase: str = "", **more: Any) -> dict[str, Any]:
    """A step of `run.created`."""
    usual = {
        "id": name,
        "kind": kind,
        "phase": phase,
        "wave": "",
        "by": "dba",
        "after": [],
        "says": SAYS.get(name, f"{kind} {name}"),
        "asks": ["business owner", "dba"] if kind == "approve" else ["cutover lead"] if kind == "manual" else [],
    }
    return {**usual, "digest": digest(name), "point_of_no_return": name == "open-to-users", **more}


def one_shot() -> list[dict[str, Any]]:
    """The steps of the reference project's runbook, a little shorter."""
    return [step(name, kind, phase) for name, kind, phase, _ in ONE_SHOT]


def planned() -> dict[str, Any]:
    """What was promised: rehearsed, but for the last step."""
    plan: dict[str, Any] = {}
    at = 0
    for name, _, _, seconds in ONE_SHOT:
        ms = seconds * 1000 or None
        source = "rehearsed" if ms else "unknown"
        plan[name] = {"ms": ms, "source": source, "n": 2 if ms else 0, "start_ms": at, "end_ms": at + (ms or 0)}
        at += ms or 0
    return plan


def created(steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The data of `run.created` of a live run that was allowed."""
    files = ("migrations/flights.yaml", "migrations/transforms.py", "runbooks/one_shot.yaml", "validators/flight.py")
    return {
        "environment": "production",
        "mode": "live",
        "drill": False,
        "runbook": "Flights go live in one shot",
        "path": "runbooks/one_shot.yaml",
        "strategy": "one-shot",
        "owner": "cutover lead",
        "project": "nycflights",
        "version": "0.1.0",
        "by": BY,
        "digests": {
            "raw": digest("raw"),
            "semantic": digest("meaning"),
            "files": {path: [digest(path), digest(path.upper())] for path in files},
        },
        "steps": [dict(one) for one in steps],
        "planned": planned(),
        "promotion": {
            "allowed": True,
            "lines": [
                {
                    "met": True,
                    "says": "test: rehearsed by test-1 (2026-11-20); rollback proved by test-1",
                    "runs": ["test-1"],
                },
                {
                    "met": True,
                    "says": "preproduction: rehearsed by preproduction-1; restore proved by preproduction-1",
                    "runs": ["preproduction-1"],
                },
            ],
        },
    }


def prepared(tape: Tape) -> Tape:
    """Everything up to the copy of the flights."""
    tape.did("old-is-as-rehearsed", 0.4, checks=facts.checks())
    tape.say(E.PROOF, moment="before", world=facts.world(), seconds=0.8)
    tape.did("create-schema", 0.3, file="migrations/schema.sql", statements=9, sha256=digest("schema"))
    tape.did("back-up-old", 3.2, **facts.backup())
    tape.did("prove-backup-of-old", 4.1, **facts.restored())
    return tape.did("copy-reference", 0.9, tables=facts.reference())


def copied(tape: Tape) -> Tape:
    """The copies, one of them at the second try, and the rules."""
    tape.begin("copy-flights")
    tape.say(E.STEP_RETRYING, "copy-flights", seconds=3, detail="lock timeout", code="CUT-301", wait_ms=2000)
    tape.say(E.STEP_STARTED, "copy-flights", seconds=2)
    tape.say(E.STEP_VERIFYING, "copy-flights", seconds=9.1)
    tape.say(E.STEP_DONE, "copy-flights", seconds=0.6, facts={"tables": facts.flights()})
    tape.begin("copy-weather")
    tape.say(E.FOUND, "copy-weather", seconds=1, **facts.quarantine_finding())
    tape.say(E.STEP_VERIFYING, "copy-weather", seconds=0.7)
    tape.say(E.STEP_DONE, "copy-weather", seconds=0.1, facts={"tables": facts.weather()})
    return tape.did("validate-all", 2.4, tables=facts.rules())


def asked(tape: Tape, gate: str, *votes: Mapping[str, Any], hours: float = 2, decision: str = "go") -> Tape:
    """A gate or manual step: the run saves itself, people vote, another process goes on."""
    tape.begin(gate)
    tape.say(
        E.STEP_WAITING,
        gate,
        detail=f"{len(votes)} votes are missing",
        hint=f"cutover approve {tape.run} {gate} --go --reason …",
    )
    tape.say(E.RUN_PAUSED, reason=f"step {gate!r} waits for a person")
    tape.ended("paused", 5, "waits for a person")
    cast = []
    for vote in votes:
        event = tape.say(
            E.VOTED, gate, seconds=hours * 3600 / len(votes), **vote, at=(tape.now).isoformat(), evidence=""
        )
        cast.append(dict(event.data))
    tape.attempt(pid=f"48{len(tape.events)}", seconds=60)
    tape.say(E.STEP_STARTED, gate)
    tape.say(E.DECIDED, gate, decision=decision, votes=cast)
    tape.say(E.STEP_VERIFYING, gate)
    tape.say(E.STEP_DONE, gate, facts={"decision": decision, "role": votes[0]["role"], "votes": cast})
    return tape


def went_live() -> list[Event]:
    """A live run with a retry, one row in quarantine, two votes and a manual step."""
    tape = copied(prepared(Tape().created(one_shot())))
    tape.did("reconcile-all", 13.2, **facts.reconciled())
    asked(tape, "go-no-go", *VOTES)
    tape.did("switch-to-new", 0.2, file="application.json", before="old", after="new")
    tape.did("smoke-test", 0.6, checks=facts.checks())
    tape.say(E.POINT_OF_NO_RETURN, "open-to-users")
    lead = {
        "person": "lea",
        "system_user": "lea",
        "role": "cutover lead",
        "go": True,
        "reason": "opened, airlines informed",
    }
    asked(tape, "open-to-users", lead, hours=0.2)
    tape.say(E.RUN_COMPLETED)
    return tape.ended("completed", 0, "completed").events


def came_back(*, drill: bool = False, proof: bool = True) -> list[Event]:
    """A live run whose reconciliation fails (or, as a drill, a rehearsal that turns round), all the way back."""
    tape = Tape("test-1" if drill else "second-site-1")
    changes = {"environment": "test", "mode": "rehearsal", "drill": True, "promotion": {"allowed": True, "lines": []}}
    copied(prepared(tape.created(one_shot(), **(changes if drill else {"environment": "second-site"}))))
    if drill:
        tape.did("reconcile-all", 13.2, **facts.reconciled())
        reason = "the drill has come to its turning point"
    else:
        tape.begin("reconcile-all")
        for finding in facts.difference_findings():
            tape.say(E.FOUND, "reconcile-all", seconds=6, **finding)
        reason = "step 'reconcile-all': table 'flight' differs from its source in 1 row"
        tape.say(
            E.STEP_FAILED,
            "reconcile-all",
            seconds=1,
            detail="table 'flight' differs from its source in 1 row",
            code="CUT-530",
            hint="",
        )
    tape.say(E.ROLLBACK_STARTED, reason=reason, automatic=not drill, drill=drill, by=BY)
    for name, _, _, seconds in reversed(ONE_SHOT[:9]):
        if name in ("old-is-as-rehearsed", "validate-all", "reconcile-all"):
            tape.say(E.UNDO_SKIPPED, name, reason="has no effects")
        else:
            tape.undid(
                name, seconds / 5, **({"deleted": 329174} if name == "copy-flights" else {"nothing_to_do": True})
            )
    tape.say(E.PROOF, moment="after", world=facts.world(changed=not proof), seconds=0.7)
    tape.say(E.ROLLED_BACK)
    return tape.ended("rolled_back", 0 if drill else 8, "the old world is back, proved by 5 fingerprints").events


def phased() -> list[Event]:
    """A phased rehearsal: newark is in, kennedy waits at its gate; one process died on the way."""
    steps = [step("create-schema", "sql", "Prepare")]
    kinds = ("copy", "validate", "reconcile", "approve", "switch")
    waves = ("newark", "kennedy", "laguardia")
    for wave in waves:
        steps += [step(f"{kind}-{wave}", kind, "Wave", wave=wave, says=f"{kind} wave {wave}") for kind in kinds]
    changes = {"environment": "preproduction", "mode": "rehearsal", "strategy": "phased", "planned": {}}
    tape = Tape("preproduction-3").created(steps, **changes, promotion={"allowed": True, "lines": []})
    tape.did("create-schema", 0.4, file="migrations/schema.sql", statements=9, sha256=digest("schema"))
    for number, wave in enumerate(waves[:2]):
        if number:
            tape.begin(f"copy-{wave}")
            tape.say(E.REMEMBERED, f"copy-{wave}", seconds=2, name="chunks", value=[1, 2, 3])
            tape.say(E.RUN_INTERRUPTED, seconds=900, reason="its process is gone")
            tape.attempt(pid="5120")
            tape.say(E.STEP_FAILED, f"copy-{wave}", detail="the process died", code="", hint="")
        tape.did(f"copy-{wave}", 5.2, tables=facts.wave_copied(wave))
        tape.did(f"validate-{wave}", 1.1, tables=facts.rules())
        tape.did(f"reconcile-{wave}", 4.4, **facts.wave_reconciled(number))
        if number == 0:
            asked(tape, f"approve-{wave}", VOTES[0], hours=0.5)
            tape.did(f"switch-{wave}", 0.1, file="application.json", before="old", after="EWR: new, the rest: old")
    gate = f"approve-{waves[1]}"
    tape.begin(gate)
    tape.say(
        E.STEP_WAITING,
        gate,
        detail="1 vote of role 'business owner' is missing",
        hint=f"cutover approve preproduction-3 {gate} --go --reason …",
    )
    tape.say(E.RUN_PAUSED, reason=f"step {gate!r} waits for a person")
    return tape.ended("paused", 5, "waits for a person").events
