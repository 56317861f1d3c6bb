"""
What a validator demands, as plain data: the compiled form of a Pandera model, and what may go wrong with it.

Made by `compiling`, used by `splitting` (a chunk) and `checking` (a table). Holds Polars
expressions, never rows; one contract may be used by several threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

import polars as pl

from cutover.errors import StepFailed, WrongInput


class ValidatorError(WrongInput):
    """A validator cannot be loaded, or demands what would be judged differently in flight and in the target."""

    code: ClassVar[str] = "CUT-120"


class SchemaMismatch(StepFailed):
    """A chunk has not the columns or types that the validator demands: the whole table is wrong, not some rows."""

    code: ClassVar[str] = "CUT-320"


class RuleCrashed(StepFailed):
    """A rule broke down while it judged rows: it has said nothing about them."""

    code: ClassVar[str] = "CUT-321"


class RuleKind(StrEnum):
    """What a rule looks at."""

    NOT_NULL = "not_null"
    CHECK = "check"  # one column of a row
    ROW = "row"  # several columns of a row
    TABLE = "table"  # more than one row: never judged in flight
    UNIQUE = "unique"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """
    One demand on rows.

    `breaks` is TRUE where a row breaks it. A check that is not an expression has `judge` instead:
    frame in, Boolean Series of the same meaning out (length 1 for a verdict on the whole frame).
    `builtin` and `arguments` say what it is for the push-down; a rule without them is judged on
    chunks wherever it is judged.
    """

    id: str  # stable between runs: "air_minutes:in_range(15, 800)"
    kind: RuleKind
    column: str | None = None  # None: the whole row
    breaks: pl.Expr | None = None
    judge: Callable[[pl.DataFrame], pl.Series] | None = None
    builtin: str = ""  # Pandera's name of a built-in check
    arguments: Mapping[str, Any] = field(default_factory=dict)
    alone: bool = False  # judges a row by that row only; otherwise it is a rule of the table
    null_passes: bool = True  # what a NULL verdict means
    warns: bool = False  # counted, never quarantined, never a failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Values of `columns` must be found in `target_columns` of `table`; a key with a NULL in it refers to nothing."""

    columns: tuple[str, ...]
    table: str  # `schema.table` allowed
    target_columns: tuple[str, ...]

    @property
    def id(self) -> str:
        """The name of the rule in reports."""
        return f"{', '.join(self.columns)} in {self.table}({', '.join(self.target_columns)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """
    A compiled validator.

    `rules` judge a row by itself. `table_rules` need the whole table, as `unique` and `references` do.
    NULLs never collide in a unique key, as in SQL.
    """

    name: str  # "flight.py:Flight"
    dtypes: Mapping[str, pl.DataType]  # in the model's order
    optional: frozenset[str] = frozenset()  # columns that may be missing
    strict: bool = False  # no other columns
    ordered: bool = False
    rules: tuple[Rule, ...] = ()
    table_rules: tuple[Rule, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """What one rule said about a whole table."""

    rule: str
    kind: RuleKind
    failed: int  # rows that break it; of a verdict on the whole table 0 or 1
    columns: tuple[str, ...] = ()  # heading of the samples
    samples: tuple[tuple[str, ...], ...] = ()  # values as text, NULL as `NULL`
    warns: bool = False
