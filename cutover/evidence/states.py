"""
The state tables drawn as a page of the docs: `python -m cutover.evidence.states > docs/states.md`.

The engine asks the same tables; a test compares the page with what this module writes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from cutover.model.status import ENDED, RUN_TABLE, STEP_TABLE, EventKind, RunStatus


class Arrow(NamedTuple):
    """One pair of a table, and what it leads to."""

    before: StrEnum
    kind: EventKind
    after: StrEnum


_HEAD: Final = """\
# States of runs and steps

Written by `python -m cutover.evidence.states` from the tables in `cutover/model/status.py`, which the engine asks
before it writes an event: a pair that is not in them is refused, and nothing is written. Events that are in neither
table (findings, votes, proofs, requests) change no status.

One thing no table of pairs can say: a live run that has passed its point of no return takes none of the events that
lead back. The flag is set by `run.point_of_no_return` and never cleared.
"""

_STEP: Final = """
## A step

A step that was under way when its process died is *unknown* and goes again. What a person settles by hand
(`step.settled_…`) stands in the evidence for good.
"""

_RUN: Final = """
## A run

*completed*, *rolled back* and *stopped* are ends. A rehearsal that is completed may still be put back, so that its
environment can be rehearsed in again. Stopping is possible from every state but the ends.
"""


def page() -> str:
    """The whole page, as Markdown with Mermaid diagrams."""
    steps = [Arrow(before, kind, after) for (before, kind), after in STEP_TABLE.items()]
    runs = [Arrow(before, kind, after) for (before, kind), after in RUN_TABLE.items()]
    parts = [_HEAD, _STEP, _drawn(steps, []), _tabled(steps), _RUN, _drawn(runs, sorted(ENDED)), _tabled(runs)]
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def _drawn(table: Sequence[Arrow], ends: Sequence[RunStatus]) -> str:
    """The first arrow begins at the first status."""
    kinds: dict[tuple[str, str], list[str]] = defaultdict(list)
    for arrow in table:
        kinds[arrow.before.value, arrow.after.value].append(_short(arrow.kind))
    drawn = [f"    {before} --> {after}: {', '.join(named)}" for (before, after), named in kinds.items()]
    ended = [f"    {end.value} --> [*]" for end in ends]
    first = f"    [*] --> {table[0].before.value}"
    return "\n".join(["```mermaid", "stateDiagram-v2", first, *drawn, *ended, "```"])


def _tabled(table: Sequence[Arrow]) -> str:
    first = list(dict.fromkeys(arrow.before for arrow in table))
    rows = [
        f"| {_words(arrow.before)} | `{arrow.kind.value}` | {_words(arrow.after)} |"
        for arrow in sorted(table, key=lambda arrow: first.index(arrow.before))
    ]
    return "\n".join(["| status | event | status after it |", "|---|---|---|", *rows])


def _short(kind: EventKind) -> str:
    return _words(kind).partition(".")[2]


def _words(value: StrEnum) -> str:
    return value.value.replace("_", " ")


if __name__ == "__main__":
    print(page(), end="")
