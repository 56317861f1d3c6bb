"""
Trying again, behind one door: how long, how often and how patiently, as a value.

Only what is declared as `TryAgain` is tried again. Time is handed in, so a policy of minutes is tested in milliseconds.
Called by whoever asks something of a database or a server; the engine, whose every try is an attempt of its own that
people see, asks for `next_wait` alone.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import tenacity

from cutover.clock import Clock
from cutover.errors import TryAgain
from cutover.redact import redact

T = TypeVar("T")
Tell = Callable[[int, str, float], None]
"""Told before each wait: the number of the try that failed, why, and the seconds until the next."""

log = logging.getLogger("cutover.retry")

#: Of the first wait, the largest part that chance adds: those who failed together do not come back together.
_JITTER = 0.5
#: Seconds that a step's rule, which names its first wait only, never waits longer than.
_PATIENCE = 300.0


class Rule(Protocol):
    """How a runbook says it: `retry: {tries: 3, wait: 2 s}`."""

    @property
    def tries(self) -> int:
        """How often in all."""

    @property
    def wait_seconds(self) -> float:
        """The first wait; each one after it is twice as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """
    How long, how often and how patiently to try. All times in seconds; `for_seconds` may be `math.inf`.

    Waits double from `first_wait` up to `longest_wait`, with a little chance in them. The last one is cut so that the
    last try begins at the limit and not after it. Raises ValueError for a policy that makes no sense.
    """

    for_seconds: float = 120.0  # the limit that people plan a window by, so it comes first
    tries: int = 8
    first_wait: float = 0.5
    longest_wait: float = 15.0

    def __post_init__(self) -> None:
        if self.tries < 1:
            raise ValueError(f"{self.tries} tries are none")
        if not (self.for_seconds >= 0 and 0 <= self.first_wait <= self.longest_wait < math.inf):
            raise ValueError(f"waits from {self.first_wait} to {self.longest_wait} s within {self.for_seconds} s")

    @classmethod
    def of(cls, rule: Rule) -> RetryPolicy:
        """The policy of a step's rule: so many tries, however long each of them takes."""
        return cls(
            for_seconds=math.inf,
            tries=rule.tries,
            first_wait=rule.wait_seconds,
            longest_wait=max(rule.wait_seconds, _PATIENCE),
        )

    def next_wait(self, tries: int, elapsed: float) -> float | None:
        """Seconds to wait after so many tries, the first of which began `elapsed` seconds ago; None: it is enough."""
        left = self.for_seconds - elapsed
        if tries >= self.tries or left <= 0:
            return None
        state = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})
        state.attempt_number = tries
        return min(self._waits(state), self.longest_wait, left)

    def call(self, what: str, work: Callable[[], T], *, clock: Clock, tell: Tell | None = None) -> T:
        """
        Run `work`, again while it raises TryAgain and the policy allows; what it raised last comes out.

        Each wait is logged with its reason and its length, and told to `tell`.
        """
        began = clock.tick()
        waits: dict[int, float | None] = {}

        def wait(state: tenacity.RetryCallState) -> float:
            waits[state.attempt_number] = self.next_wait(state.attempt_number, clock.tick() - began)
            return waits[state.attempt_number] or 0.0

        def say(state: tenacity.RetryCallState) -> None:
            why = redact(str(state.outcome.exception() if state.outcome else ""))
            log.warning("%s: try %d: %s; next in %.1f s", what, state.attempt_number, why, state.upcoming_sleep)
            if tell is not None:
                tell(state.attempt_number, why, state.upcoming_sleep)

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TryAgain),
            wait=wait,
            stop=lambda state: waits[state.attempt_number] is None,  # tenacity asks for the wait first
            before_sleep=say,
            sleep=clock.sleep,
            reraise=True,
        )(work)

    @property
    def _waits(self) -> tenacity.wait.wait_base:
        doubling = tenacity.wait_exponential(multiplier=self.first_wait, max=self.longest_wait)
        return doubling + tenacity.wait_random(0, self.first_wait * _JITTER)
