"""
Why an attempt begins nothing new: somebody asked for it, or a step has failed.

Asked from three sides: a signal in this process (`signalled`, set by a handler and therefore nothing but an attribute),
a request of another process (an event of the journal), and a step that failed beside others. What is under way goes on
to its next safe point.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cutover.clock import Clock

#: Seconds after which a waiting step looks whether it is to stop.
LOOK_EVERY = 0.5


class Wish(StrEnum):
    """What a person may ask of a run that is under way, weakest first: stopping wins."""

    PAUSE = "pause"
    ROLLBACK = "rollback"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a person asked for, and why."""

    wish: Wish
    reason: str

    @property
    def says(self) -> str:
        """As the reason why nothing new begins."""
        return f"{self.wish} was asked for: {self.reason}"


class Halt:
    """Of one attempt. Steps in other threads read it; only the attempt's own thread writes, signals aside."""

    def __init__(self) -> None:
        self.signals = 0  # that came to this process; the first one asks for a pause
        self.request: Request | None = None
        self.why = ""  # empty: go on

    @property
    def asked(self) -> bool:
        """Whether nothing new may begin."""
        return bool(self.why)

    def signalled(self) -> bool:
        """A signal has come: True when it is the first, which asks; a handler may call this at any moment."""
        self.signals += 1
        return self.signals == 1

    def ask(self, request: Request) -> None:
        """A person asks; the strongest wish counts."""
        order = list(Wish)
        if self.request is None or order.index(request.wish) > order.index(self.request.wish):
            self.request = request
        self.why = self.why or request.says

    def because(self, why: str) -> None:
        """Something else is in the way, such as a step that failed."""
        self.why = self.why or why

    def sleep(self, clock: Clock, seconds: float) -> bool:
        """Wait, but no longer than until somebody asks; whether the time went by undisturbed."""
        left = seconds
        while left > 0 and not self.asked:
            clock.sleep(min(left, LOOK_EVERY))
            left -= LOOK_EVERY
        return not self.asked
