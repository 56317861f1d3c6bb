"""
Threads in which steps are at work, so that the attempt's own thread can listen to people meanwhile.

They are daemons: a person who leaves for good does not wait for them, and what they still had in hand is settled by the
next attempt, as after a kill.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

T = TypeVar("T")

#: Seconds that the waiting thread is deaf at most.
LISTEN_EVERY = 0.25


class Workers(Generic[T]):
    """Work by name, each in a thread that nothing else uses meanwhile, with the context of whoever started it."""

    def __init__(self) -> None:
        self._ended: queue.SimpleQueue[tuple[str, T | BaseException]] = queue.SimpleQueue()
        self._idle: list[_Worker] = []
        self._working: dict[str, _Worker] = {}

    @property
    def running(self) -> frozenset[str]:
        """The names of what was started and has not been handed out as ended."""
        return frozenset(self._working)

    def start(self, name: str, work: Callable[[], T]) -> None:
        """Begin `work`. A name may be used again when it has ended."""

        def guarded() -> None:
            try:
                ended: T | BaseException = work()
            except BaseException as exc:  # noqa: BLE001 — handed over to the thread that asks
                ended = exc
            self._ended.put((name, ended))

        # Threads are used again: a new one costs Prefect a client of its own, 1.5 ms a step.
        worker = self._working[name] = self._idle.pop() if self._idle else _Worker()
        worker.begin(name, partial(contextvars.copy_context().run, guarded))

    def next_end(self) -> tuple[str, T | BaseException] | None:
        """What ended next, and its result or what it raised; None when nothing did for a moment."""
        try:
            name, ended = self._ended.get(timeout=LISTEN_EVERY)
        except queue.Empty:
            return None
        self._idle.append(self._working.pop(name))
        return name, ended

    def dismiss(self) -> None:
        """Let the threads that have nothing to do end; those at work are left alone."""
        while self._idle:
            self._idle.pop().begin("", None)


class _Worker:
    """One thread, and what it is to do next."""

    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[tuple[str, Callable[[], None] | None]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def begin(self, name: str, work: Callable[[], None] | None) -> None:
        """Do that next; None: end."""
        self._orders.put((name, work))

    def _serve(self) -> None:
        while True:
            name, work = self._orders.get()
            if work is None:
                return
            self._thread.name = f"cutover-{name}"
            work()
            self._thread.name = "cutover-idle"
