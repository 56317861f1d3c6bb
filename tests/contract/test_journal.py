"""What every journal must do: a new one is one more subclass with one fixture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest

from cutover import content
from cutover.errors import LeaseHeld, LeaseLost, WrongInput
from cutover.journal.chain import NotPlain, Overtaken
from cutover.journal.memory import MemoryJournal
from cutover.journal.postgresql_database import PostgresqlDatabase
from cutover.journal.store import Journal, SqlJournal, Summary
from cutover.model.status import EventKind
from cutover.redact import Secret
from tests.unit.journal.clocks import NIGHT, MadeUpClock

ANA = {"user": "ana", "host": "db1", "pid": "4711"}


@pytest.fixture
def clock() -> MadeUpClock:
    return MadeUpClock()


class JournalContract:
    """Order, isolation, chain, numbers of runs, leases, refusals."""

    # runs and events

    def test_runs_are_numbered_by_environment(self, journal: Journal) -> None:
        made = [journal.create_run(environment, {}) for environment in ("production", "dev", "production", "dev-1")]

        assert made == ["production-1", "dev-1", "production-2", "dev-1-1"]
        assert journal.runs() == tuple(made)

    def test_an_event_may_be_bound_to_the_one_that_was_read(self, journal: Journal) -> None:
        run = journal.create_run("dev", {})
        journal.append(run, EventKind.RUN_ARMED, after=1)

        with pytest.raises(Overtaken, match="number 2, not 1"):
            journal.append(run, EventKind.NOTED, after=1)
        assert len(journal.events(run)) == 2

    def test_the_first_event_creates_the_run(self, journal: Journal) -> None:
        run = journal.create_run("dev", {"mode": "rehearsal"})

        (event,) = journal.events(run)
        assert (event.seq, event.kind, event.data, event.prev) == (1, EventKind.RUN_CREATED, {"mode": "rehearsal"}, "")

    def test_keeps_order(self, journal: Journal) -> None:
        run = journal.create_run("dev", {})
        written = [journal.append(run, EventKind.NOTED, data={"says": str(number)}) for number in range(20)]

        read = journal.events(run)
        assert list(read[1:]) == written
        assert [event.seq for event in read] == list(range(1, 22))

    def test_an_event_keeps_step_attempt_and_data(self, journal: Journal) -> None:
        run = journal.create_run("dev", {})
        data = {
            "text": 'ß "quoted" \x00 \U0001f600',
            "none": None,
            "yes": True,
            "number": 2**52,
            "list": [1, {"a": []}],
        }

        journal.append(run, EventKind.STEP_STARTED, step="copy-flights", attempt=3, data=data)

        event = journal.events(run)[-1]
        assert (event.run, event.step, event.attempt, event.data) == (run, "copy-flights", 3, data)

    def test_what_append_returns_is_what_is_read(self, journal: Journal) -> None:
        run = journal.create_run("dev", {})

        event = journal.append(run, EventKind.NOTED, data={"pair": (1, 2), "kind": EventKind.NOTED})

        assert event == journal.events(run)[-1]
        assert event.data == {"pair": [1, 2], "kind": "run.noted"}

    def test_runs_do_not_see_each_other(self, journal: Journal) -> None:
        first, second = journal.create_run("dev", {}), journal.create_run("dev", {})
        journal.append(first, EventKind.NOTED, data={"says": "mine"})

        assert [event.kind for event in journal.events(second)] == [EventKind.RUN_CREATED]
        assert journal.append(second, EventKind.RUN_ARMED).seq == 2

    def test_only_some_kinds_can_be_asked_for(self, journal: Journal) -> None:
        run = journal.create_run("dev", {})
        for kind in (EventKind.RUN_ARMED, EventKind.NOTED, EventKind.FOUND, EventKind.NOTED):
            journal.append(run, kind)

        found = journal.events(run, kinds=[EventKind.RUN_ARMED, EventKind.NOTED])
        assert [event.seq for event in found] == [2, 3, 5]

    def test_the_last_one_can_be_asked_for_whatever_its_kind(self, journal: Journal) -> None:
        run = journal.create_run("dev", {})
        for kind in (EventKind.RUN_ARMED, EventKind.FOUND, EventKind.NOTED):
            journal.append(run, kind)

        found = journal.events(run, kinds=[EventKind.RUN_CREATED], last=True)
        assert [event.seq for event in found] == [1, 4]
        assert [event.seq for event in journal.events(run, kinds=[EventKind.NOTED], last=True)] == [4]
        assert journal.events(run, last=True) == journal.events(run)

    def test_reading_again_shows_what_others_wrote_meanwhile(self, journal: Journal) -> None:
        first, second = journal.create_run("dev", {}), journal.create_run("dev", {})
        for number in range(3):
            for run in (first, second):
                journal.append(run, EventKind.NOTED, data={"says": f"{run} {number}"})
                assert len(journal.events(run)) == number + 2
        assert [event.data.get("says") for event in journal.events(first)] == [None, "dev-1 0", "dev-1 1", "dev-1 2"]

    def test_a_summary_is_kept_until_the_next(self, journal: Journal) -> None:
        run = journal.create_run("dev", {})
        assert journal.summaries() == {}

        for number in (1, 2):
            summary = Summary(digest=f"sha256:{number}", made_by="a", data={"steps": f"{number} of 2 ß"})
            journal.summarise(run, summary)
            assert journal.summaries() == {run: summary}
        with pytest.raises(WrongInput):
            journal.summarise("dev-9", Summary(digest="", made_by="", data={}))
        assert journal.verify() == []

    def test_heads_are_the_last_events_in_order_of_creation(self, journal: Journal) -> None:
        for environment in ("test", "dev"):
            journal.create_run(environment, {})
        last = journal.append("test-1", EventKind.RUN_ARMED)

        test, dev = journal.heads()
        assert (test.run, test.environment, test.seq, test.at, test.digest) == (
            "test-1",
            "test",
            2,
            last.at,
            last.digest,
        )
        assert (dev.run, dev.seq) == ("dev-1", 1)

    def test_an_empty_journal_has_no_runs(self, journal: Journal) -> None:
        assert (journal.runs(), journal.heads(), journal.verify()) == ((), (), [])

    def test_an_unknown_run_is_refused_with_the_nearest(self, journal: Journal) -> None:
        journal.create_run("production", {})

        for name in ("a\x00b", "\udc96", "'; DROP TABLE run; --", "x" * 10_000):
            with pytest.raises(WrongInput):
                journal.events(name)
        for ask in (
            lambda: journal.events("prodution-1"),
            lambda: journal.append("prodution-1", EventKind.NOTED),
            lambda: journal.verify_chain("prodution-1"),
        ):
            with pytest.raises(WrongInput, match="run 'prodution-1' is not in the journal") as refused:
                ask()
            assert "'production-1'" in refused.value.hint
        assert journal.runs() == ("production-1",)

    # time

    def test_times_are_utc_with_microseconds(self, journal: Journal, clock: MadeUpClock) -> None:
        clock.at = NIGHT.replace(microsecond=123).astimezone(timezone(timedelta(hours=5)))
        run = journal.create_run("dev", {})

        at = journal.events(run)[0].at
        assert at == NIGHT.replace(microsecond=123)
        assert at.tzinfo is UTC

    def test_time_never_goes_back_within_a_run(self, journal: Journal, clock: MadeUpClock) -> None:
        run = journal.create_run("dev", {})
        clock.go(-3600)
        journal.append(run, EventKind.RUN_ARMED)
        clock.go(3605)
        journal.append(run, EventKind.NOTED)

        assert [event.at for event in journal.events(run)] == [NIGHT, NIGHT, NIGHT + timedelta(seconds=5)]

    # the chain

    def test_every_event_carries_the_digest_of_the_one_before(self, journal: Journal) -> None:
        run = journal.create_run("dev", {})
        for _ in range(3):
            journal.append(run, EventKind.NOTED)

        events = journal.events(run)
        assert [event.prev for event in events] == ["", *(event.digest for event in events[:-1])]
        assert journal.verify_chain(run) == []

    def test_the_digest_is_that_of_the_documented_fields(self, journal: Journal) -> None:
        run = journal.create_run("dev", {})
        event = journal.append(run, EventKind.STEP_DONE, step="s", attempt=2, data={"facts": {"n": 1}})

        assert event.digest == content.digest(
            {
                "run": run,
                "seq": 2,
                "at": "2026-11-24T22:00:00.000000+00:00",
                "kind": "step.done",
                "step": "s",
                "attempt": 2,
                "data": {"facts": {"n": 1}},
                "prev": event.prev,
            }
        )

    # what may be written

    def test_a_secret_is_never_written(self, journal: Journal) -> None:
        secret = Secret("canary-7f3a/9c").reveal()
        data = {"text": f"as {secret}", secret: [f"postgresql://u:{secret}@h/d", {"quoted": "canary-7f3a%2F9c"}]}
        run = journal.create_run("dev", data)
        journal.append(run, EventKind.NOTED, data=data)

        assert "canary" not in repr(journal.events(run))
        assert journal.events(run)[-1].data["text"] == "as ***"

    @pytest.mark.parametrize(
        ("data", "path"),
        [
            ({"facts": {"seconds": 1.5}}, r"\$\.facts\.seconds: float"),
            ({"facts": [{"n": 2**53}]}, r"\$\.facts\[0\]\.n"),
            ({"a": {1: "x"}}, "key 1 is not text"),
            ({"when": NIGHT}, r"\$\.when: datetime"),
        ],
    )
    def test_what_has_no_canonical_json_is_a_defect_with_its_path(
        self, journal: Journal, data: dict[str, object], path: str
    ) -> None:
        run = journal.create_run("dev", {})

        with pytest.raises(NotPlain, match=path) as refused:
            journal.append(run, EventKind.STEP_DONE, step="copy", data=data)

        assert "event step.done of step 'copy'" in str(refused.value)
        assert len(journal.events(run)) == 1

    def test_half_a_surrogate_pair_does_not_stop_a_run(self, journal: Journal) -> None:
        """SQLite's text that is no UTF-8 comes out of its driver like this, and ends up in a finding."""
        run = journal.create_run("dev", {})

        event = journal.append(run, EventKind.FOUND, data={"sample": "caf\udc96"})

        assert event.data == {"sample": "caf\\udc96"}
        assert journal.verify_chain(run) == []

    # several at once

    def test_threads_get_different_runs_and_one_order(self, journal: Journal) -> None:
        begin = threading.Barrier(4)

        def work(_: int) -> list[str]:
            begin.wait()
            made = [journal.create_run("dev", {}) for _ in range(5)]
            for _ in range(5):
                journal.append("dev-1", EventKind.NOTED)
            return made

        with ThreadPoolExecutor(4) as pool:
            made = [run for runs in pool.map(work, range(4)) for run in runs]

        assert sorted(made) == sorted(f"dev-{number}" for number in range(1, 21))
        assert [event.seq for event in journal.events("dev-1")] == list(range(1, 22))
        assert journal.verify() == []

    # leases

    def test_a_lease_is_held_by_one(self, journal: Journal) -> None:
        journal.acquire("production", "production-1", ANA)

        with pytest.raises(LeaseHeld, match="'production' is held by run 'production-1'") as refused:
            journal.acquire("production", "production-2", ANA)

        assert all(said in str(refused.value) for said in ("ana", "db1", "process 4711", "2026-11-24T22:00:00"))
        assert "cutover status production-1" in refused.value.hint

    def test_scopes_are_independent(self, journal: Journal) -> None:
        for scope in ("dev", "test", "../../etc/passwd", "a/b", "a_b", "", "ü" * 300, "a\x00b", "\udc96"):
            assert journal.acquire(scope, "dev-1", ANA).token > 0

    def test_a_lease_given_back_is_free(self, journal: Journal) -> None:
        lease = journal.acquire("dev", "dev-1", ANA)
        lease.release()
        lease.release()

        assert journal.holder_of("dev") is None
        assert journal.acquire("dev", "dev-2", ANA).run == "dev-2"

    def test_the_end_of_a_with_gives_back(self, journal: Journal) -> None:
        with pytest.raises(ZeroDivisionError), journal.acquire("dev", "dev-1", ANA):
            _ = 1 / 0

        assert journal.holder_of("dev") is None

    def test_tokens_grow_over_all_scopes_and_are_never_given_twice(self, journal: Journal) -> None:
        tokens = []
        for scope in ("dev", "test", "dev", "dev"):
            with journal.acquire(scope, "x-1", ANA) as lease:
                tokens.append(lease.token)

        assert tokens == sorted(set(tokens))

    def test_the_holder_is_told(self, journal: Journal) -> None:
        assert journal.holder_of("dev") is None
        journal.acquire("dev", "dev-1", ANA)

        run, holder, alive = journal.holder_of("dev") or ("", {}, False)
        assert (run, alive) == ("dev-1", True)
        assert holder == {**ANA, "since": "2026-11-24T22:00:00.000000+00:00"}

    def test_a_refused_taker_changes_nothing(self, journal: Journal) -> None:
        lease = journal.acquire("dev", "dev-1", ANA)
        with pytest.raises(LeaseHeld):
            journal.acquire("dev", "dev-2", ANA)

        lease.confirm()
        assert (journal.holder_of("dev") or [""])[0] == "dev-1"

    def test_a_lease_that_was_given_back_is_not_confirmed(self, journal: Journal) -> None:
        lease = journal.acquire("dev", "dev-1", ANA)
        lease.confirm()
        lease.release()

        with pytest.raises(LeaseLost, match="run 'dev-1' does not hold 'dev' any longer"):
            lease.confirm()

    def test_who_gave_its_lease_back_may_still_note_something(self, journal: Journal) -> None:
        run = journal.create_run("dev", {})
        with journal.acquire("dev", run, ANA):
            assert journal.append(run, EventKind.RUN_ARMED).seq == 2

        assert journal.append(run, EventKind.NOTED).seq == 3

    def test_others_write_to_a_run_that_somebody_carries(self, journal: Journal) -> None:
        """A vote comes from another process, which holds nothing."""
        run = journal.create_run("dev", {})
        journal.acquire("dev", "dev-7", ANA)

        assert journal.append(run, EventKind.VOTED).seq == 2


class TestMemoryJournal(JournalContract):
    """The one for tests is held to the same contract as the real one."""

    @pytest.fixture
    def journal(self, clock: MadeUpClock) -> Journal:
        return MemoryJournal(clock=clock)


class TestSqlJournal(JournalContract):
    @pytest.fixture
    def journal(self, tmp_path: Path, clock: MadeUpClock) -> Iterator[Journal]:
        opened = SqlJournal(tmp_path / "journal.db", clock=clock)
        yield opened
        opened.close()


class TestSqlJournalInPostgresql(JournalContract):
    @pytest.fixture
    def journal(self, tmp_path: Path, clock: MadeUpClock, new_database: Callable[[], str]) -> Iterator[Journal]:
        place = PostgresqlDatabase(
            Secret(new_database()), schema_name="cutover_journal", mirror=tmp_path / "journal.jsonl", project="shop"
        )
        opened = SqlJournal(place, clock=clock)
        yield opened
        opened.close()
