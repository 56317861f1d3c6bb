"""
A journal and a quarantine that live as long as the process: for tests of others, and for whoever only tries things out.

Held to the same contract suites as the ones in a file. Nothing is durable here.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from cutover.clock import Clock
from cutover.journal import chain
from cutover.journal.chain import Entry, Head
from cutover.journal.lease import Holder, Lease, held
from cutover.journal.quarantine import AmendedValue, QuarantinedRow
from cutover.journal.store import Summary, unknown_run
from cutover.model.event import Event
from cutover.model.status import EventKind


class MemoryJournal:
    """See `store.Journal`."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._events: dict[str, list[Event]] = {}
        self._heads: dict[str, Head] = {}
        self._holders: dict[str, tuple[int, Holder]] = {}
        self._tokens = 0
        self._summaries: dict[str, Summary] = {}

    def create_run(self, environment: str, data: Mapping[str, Any]) -> str:
        new = chain.entry(EventKind.RUN_CREATED, data=data)
        with self._lock:
            number = sum(head.environment == environment for head in self._heads.values()) + 1
            head = chain.beginning(environment, number)
            self._events[head.run] = []
            self._add(head, new)
        return head.run

    def append(
        self,
        run: str,
        kind: EventKind,
        *,
        step: str = "",
        attempt: int = 0,
        data: Mapping[str, Any] | None = None,
        after: int | None = None,
    ) -> Event:
        new = chain.entry(kind, step=step, attempt=attempt, data=data)
        with self._lock:
            self._known(run)
            return self._add(chain.expected(self._heads[run], after), new)

    def events(self, run: str, *, kinds: Collection[EventKind] | None = None, last: bool = False) -> tuple[Event, ...]:
        with self._lock:
            known = self._known(run)
            asked_last = known[-1].seq if last else 0
            return tuple(event for event in known if kinds is None or event.kind in kinds or event.seq == asked_last)

    def runs(self) -> tuple[str, ...]:
        return tuple(self._events)

    def heads(self) -> tuple[Head, ...]:
        with self._lock:
            return tuple(self._heads.values())

    def summaries(self) -> Mapping[str, Summary]:
        with self._lock:
            return dict(self._summaries)

    def summarise(self, run: str, summary: Summary) -> None:
        with self._lock:
            self._known(run)
            self._summaries[run] = summary

    def verify_chain(self, run: str) -> list[str]:
        with self._lock:
            return chain.flaws(run, (chain.line_of(event) for event in self._known(run)))

    def verify(self) -> list[str]:
        return [flaw for run in self.runs() for flaw in self.verify_chain(run)]

    def acquire(self, scope: str, run: str, holder: Mapping[str, str]) -> Lease:
        with self._lock:
            if scope in self._holders:
                raise held(scope, self.holder_of(scope))
            self._tokens += 1
            token = self._tokens
            since = chain.written(self._clock.now())
            self._holders[scope] = (token, Holder(run, {**holder, "since": since}, alive=True))

        def release() -> None:
            with self._lock:
                if self._token_of(scope) == token:
                    del self._holders[scope]

        return Lease(scope=scope, run=run, token=token, release=release, present=lambda: self._token_of(scope))

    def holder_of(self, scope: str) -> Holder | None:
        with self._lock:
            return self._holders[scope][1] if scope in self._holders else None

    def _token_of(self, scope: str) -> int:
        with self._lock:
            return self._holders[scope][0] if scope in self._holders else 0

    def _known(self, run: str) -> list[Event]:
        if run not in self._events:
            raise unknown_run(run, tuple(self._events))
        return self._events[run]

    def _add(self, head: Head, new: Entry) -> Event:
        event = chain.follow(head, new, self._clock.now())
        self._events[event.run].append(event)
        self._heads[event.run] = chain.head_of(head.environment, event)
        return event


class MemoryQuarantine:
    """See `quarantine.QuarantineStore`."""

    def __init__(self) -> None:
        self._chunks: dict[tuple[str, str, str, int], tuple[tuple[QuarantinedRow, ...], tuple[AmendedValue, ...]]] = {}

    def replace_chunk(
        self,
        *,
        run: str,
        step: str,
        table: str,
        chunk: int,
        rows: Sequence[QuarantinedRow],
        amended: Sequence[AmendedValue],
    ) -> None:
        self._chunks[run, table, step, chunk] = (tuple(rows), tuple(amended))

    def rows(self, run: str, table: str, step: str = "", limit: int | None = None) -> tuple[QuarantinedRow, ...]:
        return tuple(row for rows, _ in self._of(run, table, step) for row in rows)[:limit]

    def amended(self, run: str, table: str, limit: int | None = None) -> tuple[AmendedValue, ...]:
        return tuple(one for _, amended in self._of(run, table) for one in amended)[:limit]

    def keys(self, run: str, table: str) -> frozenset[str]:
        return frozenset(row.key for row in self.rows(run, table))

    def count(self, run: str, table: str, step: str = "") -> int:
        return len(self.rows(run, table, step))

    def tables(self, run: str) -> tuple[str, ...]:
        return tuple(sorted({key[1] for key, kept in self._chunks.items() if key[0] == run and any(kept)}))

    def drop(self, run: str, step: str) -> None:
        for key in [key for key in self._chunks if (key[0], key[2]) == (run, step)]:
            del self._chunks[key]

    def _of(
        self, run: str, table: str, step: str = ""
    ) -> list[tuple[tuple[QuarantinedRow, ...], tuple[AmendedValue, ...]]]:
        return [
            kept
            for key, kept in sorted(self._chunks.items(), key=lambda one: one[0])
            if key[:2] == (run, table) and step in ("", key[2])
        ]  # fmt: skip
