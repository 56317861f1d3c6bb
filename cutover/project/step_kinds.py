"""
What this package asks of a step kind. The kinds themselves are handed in: they live above.

A kind is a Pydantic class with its YAML fields; what it says of itself is read through `Meaning`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, cast

from pydantic import BaseModel

Kinds = Mapping[str, type[BaseModel]]
"""Name of the kind, as runbooks write it -> its class."""


class Named(Protocol):
    """What a step's fields name."""

    @property
    def databases(self) -> Sequence[str]: ...
    @property
    def tables(self) -> Sequence[str]: ...
    @property
    def files(self) -> Sequence[str]: ...
    @property
    def steps(self) -> Sequence[str]: ...


class Meaning(Protocol):
    """A step as far as its text goes."""

    @property
    def effects(self) -> bool:
        """Whether it changes anything."""

    def says(self) -> str:
        """The step as a sentence without a full stop."""

    def references(self) -> Named:
        """What its fields name."""

    def undoable(self) -> bool:
        """Whether what it changes can be put back."""


class WantsValidators(Protocol):
    """Optional: a kind that judges tables by the validators of their mappings."""

    def wants_validators(self) -> Sequence[str]:
        """The target tables that must have one."""


def meaning_of(fields: BaseModel) -> Meaning:
    """The fields of a kind as what they mean."""
    return cast(Meaning, fields)


def asked(step: Meaning) -> tuple[str, ...]:
    """The roles that the step waits for; most kinds wait for nobody."""
    asks = getattr(step, "asks", None)
    return tuple(asks()) if callable(asks) else ()


def escalates(step: Meaning) -> tuple[str, ...]:
    """The role that is told when nobody answers; most kinds wait for nobody."""
    escalate = getattr(step, "escalate", None)
    return () if escalate is None else (str(escalate.to),)


def judged(step: Meaning) -> tuple[str, ...]:
    """The tables that the step judges by their validators (`WantsValidators`); most kinds judge none."""
    wants = getattr(step, "wants_validators", None)
    return tuple(wants()) if callable(wants) else ()
