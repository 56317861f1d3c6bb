"""
Faults that a rehearsal is asked to go through, as people write them: `kill@copy-flights`, `slow:3x@reconcile`.

Pure. Only rehearsals take them; a live run is never disturbed on purpose.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cutover.errors import WrongInput


class Fault(StrEnum):
    """What happens at a step, once in a run."""

    KILL = "kill"  # the process dies with SIGKILL when the step's effects are there and nobody has written it down
    FAIL = "fail"  # the step fails when its effects are there
    LOSE = "lose"  # the answer of the step is lost: nobody knows whether it took effect
    LOCK = "lock"  # the step finds a lock, once, and waiting heals it
    DENY = "deny"  # somebody says no-go at the gate
    SLOW = "slow"  # the step takes `factor` times as long as it would have


_WRITTEN = re.compile(r"(?P<what>[a-z]+)(?::(?P<factor>\d+(?:\.\d+)?)x)?@(?P<step>\S+)")

#: How many times as long a step may be made to take.
MOST_SLOW = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """One fault at one step."""

    fault: Fault
    step: str
    factor: float = 1.0  # of SLOW

    def __str__(self) -> str:
        factor = f":{self.factor:g}x" if self.fault is Fault.SLOW else ""
        return f"{self.fault}{factor}@{self.step}"

    def plain(self) -> dict[str, str]:
        """As an event keeps it."""
        return {"what": str(self.fault), "step": self.step, "factor": f"{self.factor:g}"}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Injection:
        """Back from `plain`."""
        return cls(fault=Fault(data["what"]), step=str(data["step"]), factor=float(data["factor"]))


def read(words: Iterable[str], kinds: Mapping[str, str], *, gates: Iterable[str]) -> tuple[Injection, ...]:
    """
    What was written on the command line; `kinds` are the run's steps with their kinds, `gates` those that ask people.

    WrongInput for words that are none, for a step that is not there, for a fault that does not suit the step, and for
    two faults at one step.
    """
    found = tuple(_one(word, kinds, frozenset(gates)) for word in words)
    for step in dict.fromkeys(one.step for one in found):
        if sum(one.step == step for one in found) > 1:
            raise WrongInput(
                f"step {step!r} is to be disturbed twice", hint="one fault a step; rehearse again for the other"
            )
    return found


def _one(word: str, kinds: Mapping[str, str], gates: frozenset[str]) -> Injection:
    match = _WRITTEN.fullmatch(word)
    if match is None:
        raise _wrong(word, "it is no fault at a step", "write it as kill@STEP or slow:3x@STEP")
    if match["what"] not in list(Fault):
        raise _wrong(word, f"there is no fault {match['what']!r}", _nearest(match["what"], list(Fault)))
    fault, step = Fault(match["what"]), match["step"]
    if step not in kinds:
        raise _wrong(word, f"the runbook has no step {step!r}", _nearest(step, list(kinds)))
    factor = float(match["factor"] or 1)
    if (fault is Fault.SLOW) != (match["factor"] is not None):
        raise _wrong(word, "slow has a factor, and nothing else has", f"write slow:3x@{step}")
    if fault is Fault.SLOW and not 1 < factor <= MOST_SLOW:
        raise _wrong(word, f"{factor:g} is not between 1 and {MOST_SLOW:g}", f"write slow:3x@{step}")
    if fault is Fault.DENY and step not in gates:
        raise _wrong(word, f"nobody is asked at step {step!r}", _nearest(step, sorted(gates)))
    return Injection(fault=fault, step=step, factor=factor)


def _wrong(word: str, why: str, hint: str) -> WrongInput:
    return WrongInput(f"--inject {word!r}: {why}", hint=hint)


def _nearest(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {str(near[0])!r}?" if near else f"there are: {', '.join(known) or 'none'}"
