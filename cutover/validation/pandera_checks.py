"""
The inside of a Pandera check, in one place: the parts of Pandera that are not its public interface.

Used by `compiling` and `refusals`. They are why Pandera's version is pinned to one minor release, and why a test
compares our verdicts with Pandera's own.
"""
# ruff: noqa: SLF001 — that is what this module is for

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import polars as pl
from pandera.api.checks import Check
from pandera.api.function_dispatch import Dispatcher
from pandera.api.polars.types import PolarsData
from pandera.backends.register_checks import register_default_check_backends


class NotAnExpression(Exception):
    """A check did something with the frame that cannot be written down as expressions."""


def make_ready() -> None:
    """Pandera knows its built-in checks for Polars only from here on."""
    register_default_check_backends(pl.DataFrame)


def builtin_of(check: Any) -> str:
    """Pandera's name of a built-in check (`in_range`); empty for a check that the project wrote."""
    return str(check._check_fn.__name__) if isinstance(check._check_fn, Dispatcher) else ""


def function_name_of(check: Any) -> str:
    """The name of the function behind a check, which decides what is run: see `refusals`."""
    return str(getattr(check._check_fn, "__name__", ""))


def arguments_of(check: Any) -> Mapping[str, Any]:
    """What the check was given: bounds, patterns, sets."""
    return dict(check._check_kwargs)


def expression_of(check: Any, column: str | None) -> pl.Expr:
    """The check as one expression, TRUE where a row is good. Whatever it raises: it is not one."""
    if check.element_wise:
        raise NotAnExpression
    # A model copies its checks before the built-ins for Polars are known: they are looked up again, as Pandera does.
    builtin = builtin_of(check)
    function = Check.get_builtin_check_fn(builtin) if builtin else check._check_fn
    recorded = function(PolarsData(cast(pl.LazyFrame, _Recorder()), column or "*"), **check._check_kwargs)
    if not isinstance(recorded, list):
        raise NotAnExpression
    first: pl.Expr = recorded[0]
    return first if len(recorded) == 1 and not first.meta.has_multiple_outputs() else pl.all_horizontal(recorded)


def judge_of(check: Any, column: str | None) -> Callable[[pl.DataFrame], pl.Series]:
    """The check as Pandera itself calls it: TRUE = the row is bad; length 1 for a verdict on the whole frame."""

    def judge(frame: pl.DataFrame) -> pl.Series:
        result = check(frame.lazy(), column) if column else check(frame.lazy())
        holds: pl.Series = result.check_output.collect().to_series()
        return ~holds.fill_null(bool(check.ignore_na))

    return judge


class _Recorder:
    """Stands in for the frame: a check that does `data.lazyframe.select(expression)` hands its expression over."""

    def select(self, *given: Any, **named: Any) -> list[pl.Expr]:
        flat = [one for each in given for one in (each if isinstance(each, (list, tuple)) else [each])]
        expressions = [*flat, *named.values()]
        if not expressions or not all(isinstance(one, pl.Expr) for one in expressions):
            raise NotAnExpression
        return expressions
