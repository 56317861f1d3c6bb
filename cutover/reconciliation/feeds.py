"""
Reads both sides of every chunk at the same time, each on a thread and a connection of its own.

Used by `comparing`. A feed works a little ahead of whoever takes its answers, so that source and target are read
while the chunk before them is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

from sqlalchemy import Connection

from cutover.dataplane.database import Database
from cutover.dataplane.prints import prints_of

Item = TypeVar("Item")
Answer = TypeVar("Answer")

AHEAD = 2  # answers of each side that may wait

_PATIENCE = 0.2  # seconds between two looks at whether anybody still wants answers


@contextmanager
def consistent(database: Database) -> Iterator[Connection]:
    """A fresh connection on which everything is read as it stood at one moment."""
    with database.connect() as connection, prints_of(database.dialect.name).snapshot(connection):
        yield connection


class Feed(Generic[Item, Answer]):
    """
    The answers to `items`, in their order, worked out on another thread in one consistent read.

    To be used as a context: leaving it stops the thread and closes the connection. What the work raises is raised
    to whoever takes the answer.
    """

    def __init__(self, database: Database, items: Sequence[Item], answer: Callable[[Connection, Item], Answer]) -> None:
        self._database, self._items, self._answer = database, items, answer
        self._answers: Queue[tuple[Answer | None, BaseException | None]] = Queue(maxsize=AHEAD)
        self._unwanted = Event()
        self._thread = Thread(target=self._work, name=f"reconcile-{database.name}", daemon=True)

    def __enter__(self) -> Iterator[Answer]:
        self._thread.start()
        return self._taken()

    def __exit__(self, *_: object) -> None:
        self._unwanted.set()
        self._thread.join()

    def _taken(self) -> Iterator[Answer]:
        for _ in self._items:
            answer, broken = self._answers.get()
            if broken is not None:
                raise broken
            yield answer  # type: ignore[misc]  # None only beside an error, or as an answer of that type

    def _work(self) -> None:
        try:
            with consistent(self._database) as connection:
                for item in self._items:
                    if not self._put(self._answer(connection, item), None):
                        return
        except BaseException as broken:  # noqa: BLE001 — it belongs to the thread that asks
            self._put(None, broken)

    def _put(self, answer: Answer | None, broken: BaseException | None) -> bool:
        """Hand an answer over; False when nobody wants it any more."""
        while not self._unwanted.is_set():
            try:
                self._answers.put((answer, broken), timeout=_PATIENCE)
            except Full:
                continue
            return True
        return False
