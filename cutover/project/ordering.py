"""The order in which steps run: each after what it waits for, and as near to the file's order as that allows. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush


def running_order(after: Mapping[str, Sequence[str]]) -> list[str]:
    """
    The steps of `after` (step -> what it waits for, in file order) in the order they run.

    Steps on a cycle, and steps behind one, are left out. Names that are no step are not waited for.
    """
    place = {step: number for number, step in enumerate(after)}
    waits = {step: {name for name in names if name in place} for step, names in after.items()}
    followers: dict[str, list[str]] = {step: [] for step in after}
    for step, names in waits.items():
        for name in names:
            followers[name].append(step)
    steps = list(after)
    ready = [place[step] for step, names in waits.items() if not names]
    heapify(ready)
    order: list[str] = []
    while ready:
        done = steps[heappop(ready)]
        order.append(done)
        for step in followers[done]:
            waits[step].discard(done)
            if not waits[step]:
                heappush(ready, place[step])
    return order


def cycle(after: Mapping[str, Sequence[str]]) -> list[str]:
    """The steps of one cycle, each waiting for the next and the last for the first; empty when there is none."""
    left = [step for step in after if step not in set(running_order(after))]
    if not left:
        return []
    stuck = set(left)
    way: list[str] = []
    step = left[0]
    while step not in way:
        way.append(step)
        # Whoever is stuck waits for somebody who is stuck, so this walk comes back to where it was.
        step = next(name for name in after[step] if name in stuck)
    return way[way.index(step) :]
