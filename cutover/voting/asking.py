"""What a gate or a manual step asks, as it stands in the run's first event: plain values there, a value here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from cutover.project import texts


def _lasting(value: str) -> str:
    texts.seconds(value)
    return value


#: A duration that stays the text it is written as (`2 h`), because a step's fields are kept as text.
Lasting = Annotated[str, AfterValidator(_lasting), Field(pattern=re.compile(r"^[0-9]"))]


class Escalate(BaseModel):
    """Whom to tell when nobody has answered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: Lasting = Field(description="how long after it began to wait")
    to: str = Field(min_length=1, description="a role")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What is asked of whom, and how long it may take. Durations in whole milliseconds; None: no clock runs."""

    what: str  # the question, or the instruction
    back: str = ""  # the instruction of the way back
    needs: int = 1
    facts: tuple[str, ...] = ()
    expires_ms: int | None = None
    remind_ms: int | None = None
    escalate_ms: int | None = None
    escalate_to: str = ""

    def plain(self) -> dict[str, Any]:
        """For the run's first event."""
        return {
            "what": self.what,
            "back": self.back,
            "needs": self.needs,
            "facts": list(self.facts),
            "expires_ms": self.expires_ms,
            "remind_ms": self.remind_ms,
            "escalate_ms": self.escalate_ms,
            "escalate_to": self.escalate_to,
        }


def asking_of(created_step: Mapping[str, Any]) -> Asking:
    """What that step asks; of a run that was made before this was kept, its sentence."""
    known = dict(created_step.get("asking") or {})
    if not known:
        return Asking(what=str(created_step.get("says") or created_step.get("id") or ""))
    return Asking(**{**known, "facts": tuple(known.get("facts") or ())})


def in_ms(lasting: str | None) -> int | None:
    """A duration as written, in whole milliseconds."""
    return None if lasting is None else round(texts.seconds(lasting) * 1000)
