"""
The steps of a run as the forecast sees them: which come after which, and how many may be at work at once.

Made from what `run.created` says of the steps, so that a plan and a running run are forecast in the same way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One step."""

    id: str
    after: tuple[str, ...] = ()
    digest: str = ""  # a rehearsal of another digest says nothing about it
    expect_ms: int | None = None
    asks_people: bool = False
    effects: bool = True  # whether there is anything to take back
    point_of_no_return: bool = False
    skipped: bool = False  # it takes no time, but what comes after it still waits for what is before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The steps in the order of the file, which respects `after`; `parallel` of them may be at work at once."""

    tasks: tuple[Task, ...]
    parallel: int = 1

    @property
    def ids(self) -> tuple[str, ...]:
        """The steps' ids in order."""
        return tuple(task.id for task in self.tasks)

    def task(self, step: str) -> Task:
        """The step of that id; KeyError when there is none."""
        for task in self.tasks:
            if task.id == step:
                return task
        raise KeyError(step)

    def before(self) -> tuple[tuple[int, ...], ...]:
        """
        For each step, the positions of those that must have passed before it begins.

        The point of no return is a wall, as it is for the engine: everything before it in the file has passed when
        it begins, and nothing behind it begins before it has passed.
        """
        place = {task.id: position for position, task in enumerate(self.tasks)}
        walls: list[int] = []
        found: list[tuple[int, ...]] = []
        for position, task in enumerate(self.tasks):
            named = {place[one] for one in task.after if place.get(one, position) < position} | set(walls[-1:])
            if task.point_of_no_return:
                named = set(range(position))
                walls.append(position)
            found.append(tuple(sorted(named)))
        return tuple(found)

    def backwards(self, begun: Collection[str]) -> Graph:
        """The way back of those steps: each is undone after everything that came after it, last begun first."""
        mine = [task for task in self.tasks if task.id in begun]
        later: dict[str, tuple[str, ...]] = {task.id: () for task in self.tasks}
        for task in reversed(self.tasks):  # through steps that have not begun, too
            for one in task.after:
                if one in later:
                    later[one] = (*later[one], task.id, *later[task.id])
        tasks = tuple(Task(id=task.id, after=later[task.id], effects=task.effects) for task in reversed(mine))
        return Graph(tasks=tasks, parallel=self.parallel)


def graph_of(heads: Iterable[Mapping[str, Any]], *, parallel: int = 1) -> Graph:
    """The graph of the steps as `run.created` tells them (docs/map.md, "Events of the journal")."""
    return Graph(tasks=tuple(_task(head) for head in heads), parallel=max(1, parallel))


def _task(head: Mapping[str, Any]) -> Task:
    expect = head.get("expect_ms")
    return Task(
        id=str(head["id"]),
        after=tuple(str(one) for one in head.get("after") or ()),
        digest=str(head.get("digest", "")),
        expect_ms=None if expect is None else int(expect),
        asks_people=bool(head.get("asks")),
        effects=head.get("effects") is not False,
        point_of_no_return=head.get("point_of_no_return") is True,
        skipped=bool(head.get("skipped")),
    )
