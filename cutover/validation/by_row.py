"""
Whether an expression judges each row by itself, whatever other rows stand beside it in the chunk.

Used by `compiling`. A comparison with a mean, a rank, a shift or a duplicate test gives every row a verdict,
too, but another one for every way of cutting chunks. Only what is known to look at one row counts; anything
else is judged over the whole table. (Polars' own `is_row_separable` says yes to a mean.)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

_PREDICATES = frozenset(
    "IsNull IsNotNull IsNan IsNotNan IsFinite IsInfinite IsBetween IsIn IsClose AllHorizontal AnyHorizontal Not".split()
)
_FUNCTIONS = frozenset(
    "Abs AsStruct Ceil Clip Coalesce FillNull Floor MaxHorizontal MinHorizontal Negate Pow Replace ReplaceStrict "
    "Round Sign SumHorizontal".split()
)


def by_row(expression: pl.Expr) -> bool:
    """True when the value of `expression` in a row surely depends on that row only."""
    try:
        written = expression.meta.serialize(format="json")
    except (PolarsError, TypeError, ValueError):
        return False  # it calls a Python function
    return _known(json.loads(written))


def _known(node: Any) -> bool:
    if not isinstance(node, Mapping) or len(node) != 1:
        return False
    [(kind, body)] = node.items()
    if kind == "Column":
        return True
    if kind == "Literal":
        return isinstance(body, Mapping) and set(body) <= {"Scalar", "Dyn"}
    if kind == "Alias":
        return _known(body[0])
    if kind == "Cast":
        return _known(body["expr"])
    if kind == "BinaryExpr":
        return _known(body["left"]) and _known(body["right"])
    if kind == "Ternary":
        return all(_known(body[part]) for part in ("predicate", "truthy", "falsy"))
    return kind == "Function" and _known_function(body["function"]) and all(_known(one) for one in body["input"])


def _known_function(function: Any) -> bool:
    name, detail = next(iter(function.items())) if isinstance(function, Mapping) else (function, None)
    inner = next(iter(detail)) if isinstance(detail, Mapping) and detail else detail
    if name == "Boolean":
        return inner in _PREDICATES
    if name == "StringExpr":
        return inner != "ConcatVertical"
    return name in ("TemporalExpr", "BinaryExpr") or name in _FUNCTIONS
