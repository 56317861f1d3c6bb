"""
Variables of a runbook and parameters of a snippet: what is declared, and whether a value fits.

A value stays the text that was written; its type only says which texts fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from cutover.project import texts, texts_of_time
from cutover.project.texts import Filled, Strict, WrongKey


class Fits(StrEnum):
    """Which texts fit."""

    TEXT = "text"
    NAME = "name"
    NUMBER = "number"
    FLAG = "flag"
    DURATION = "duration"
    DATE = "date"
    TIME = "time"
    LIST = "list"  # of parameters only: several texts, where a list may stand


#: Each raises ValueError with the rest of the sentence that begins with the name.
_CHECKS: Mapping[Fits, Callable[[str], object]] = {
    Fits.TEXT: str,
    Fits.NAME: texts.plain_name,
    Fits.NUMBER: texts.whole,
    Fits.FLAG: texts.flag,
    Fits.DURATION: texts.seconds,
    Fits.DATE: texts.iso_date,
    Fits.TIME: texts_of_time.clock_time,
}

Value = str | tuple[str, ...]


def _as_type(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


class DeclaredText(Strict):
    """A variable or a parameter."""

    type: Fits = Field(default=Fits.TEXT, description="which texts fit")
    one_of: tuple[Filled, ...] | None = Field(default=None, min_length=1, description="the only texts that fit")
    default: str | tuple[str, ...] | None = Field(default=None, description="value where nobody gives one")
    says: Filled | None = Field(default=None, description="what it is for")

    @model_validator(mode="after")
    def _default_fits(self) -> Self:
        if self.one_of is not None and self.type is Fits.LIST:
            raise WrongKey("one_of", "'one_of' is for single texts, not for a list")
        if self.default is not None and (said := self.misfit(self.default)):
            raise WrongKey("default", f"'default' {said}")
        return self

    def misfit(self, value: Value) -> str:
        """What is wrong with a value, as the rest of a sentence; empty when it fits."""
        if isinstance(value, tuple) != (self.type is Fits.LIST):
            return "must be a list of texts" if self.type is Fits.LIST else "must be one text, not a list"
        if isinstance(value, tuple):
            return "must not be empty" if not value else ""
        if self.one_of is not None and value not in self.one_of:
            return f"must be one of {', '.join(self.one_of)}, not {texts.shown(value)}"
        try:
            _CHECKS[self.type](value)
        except ValueError as error:
            return str(error)
        return ""


Declared = Annotated[DeclaredText, BeforeValidator(_as_type, json_schema_input_type=Fits | DeclaredText)]
