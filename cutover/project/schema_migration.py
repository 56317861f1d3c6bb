"""The schema of `migrations/*.yaml`, as Pydantic classes. What lies in other files is `loading_migration`'s matter."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from cutover.project.sql_meaning import outer_call
from cutover.project.texts import Count, Filled, IsoDate, Name, Positive, Strict, WrongKey, shown

_CODE = re.compile(r"[^:]+\.py:[A-Za-z_][A-Za-z0-9_]*")


def _code_name(value: str) -> str:
    if not _CODE.fullmatch(value):
        raise ValueError(f"must be file.py:name, not {shown(value)}")
    return value


def _named_needs(value: Any) -> Any:
    """A list of source columns as names and their SQL."""
    if isinstance(value, str):
        return {value: value}
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        if len(set(value)) != len(value):
            raise ValueError("names a column twice")
        return {one: one for one in value}
    return value


CodeName = Annotated[str, AfterValidator(_code_name)]
Needs = Annotated[
    dict[Filled, Filled], BeforeValidator(_named_needs, json_schema_input_type=str | list[str] | dict[str, str])
]


class ColumnText(Strict):
    """Where one target column comes from: one of `from`, `sql`, `python`, `value`."""

    source: Filled | None = Field(default=None, alias="from", description="a source column")
    sql: Filled | None = Field(default=None, description="an expression of the source's own SQL")
    python: CodeName | None = Field(default=None, description="file.py:function in migrations/")
    needs: Needs | None = Field(
        default=None, description="what the function needs: source columns, or name -> source SQL"
    )
    value: str | None = Field(default=None, description="the same text for every row")
    codes: Annotated[dict[str, str], Field(min_length=1)] | None = Field(
        default=None, description="value in the source -> value in the target; any other goes to quarantine"
    )
    null_when: Filled | None = Field(
        default=None, description="source SQL condition: where it holds the value becomes NULL"
    )
    reason: Filled | None = Field(default=None, description="why values become NULL")
    at_most: Count | None = Field(default=None, description="more NULLed values than this fail the step")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        named = {"from": self.source, "sql": self.sql, "python": self.python, "value": self.value}
        ways = [key for key, value in named.items() if value is not None]
        if len(ways) != 1:
            what = "says nowhere where the value comes from" if not ways else f"says it twice: {' and '.join(ways)}"
            raise ValueError(f"{what}; write one of from, sql, python, value")
        if self.python is not None and not self.needs:
            raise WrongKey("python", "key 'needs' is missing: the source columns that the function gets")
        if self.python is None and self.needs is not None:
            raise WrongKey("needs", "key 'needs' belongs to 'python'")
        if self.value is not None and (self.codes is not None or self.null_when is not None):
            raise WrongKey("value", "a fixed 'value' has neither 'codes' nor 'null_when'")
        self._null_rule()
        return self

    def _null_rule(self) -> None:
        if self.null_when is not None and self.reason is None:
            raise WrongKey("null_when", "key 'reason' is missing: whoever finds a NULL will ask why")
        if self.null_when is None and (self.reason is not None or self.at_most is not None):
            raise ValueError("keys 'reason' and 'at_most' belong to 'null_when'")


class KeyText(Strict):
    """The column that tells rows apart, on both sides."""

    source: Filled = Field(description="unique in the source; cuts the chunks; rowid for SQLite")
    target: Filled = Field(description="the column of the target that it arrives in")


class SidesText(Strict):
    """The same thing in both databases' own words."""

    source: Filled = Field(description="in the source's SQL")
    target: Filled = Field(description="in the target's SQL")


class MeasureText(SidesText):
    """A measure: `count(*)` or `sum(…)`, the same function on both sides."""

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        functions = {side: _function(side, sql) for side, sql in (("source", self.source), ("target", self.target))}
        if len(set(functions.values())) > 1:
            raise ValueError(f"counts on one side and adds up on the other: {self.source} and {self.target}")
        return self


def _function(side: str, sql: str) -> str:
    call = outer_call(sql)
    if call == ("count", "*"):
        return "count"
    # A sum of distinct values does not add up: what was left out cannot be taken off it.
    if call is not None and call[0] == "sum" and call[1] and not call[1].lower().startswith("distinct "):
        return "sum"
    raise WrongKey(side, f"{side!r} must be count(*) or sum(…), not {shown(sql)}")


class TotalText(Strict):
    """A control total: measures by business dimension, computed by independent SQL on both sides."""

    total: Filled = Field(description="what is compared, for people")
    by: dict[Filled, SidesText] = Field(min_length=1, description="dimensions by name")
    measures: dict[Filled, MeasureText] = Field(min_length=1, description="measures by name")


class ExceptionText(Strict):
    """Rows that stay behind on purpose, with who signed for it."""

    id: Filled = Field(description="name of the exception")
    when: Filled = Field(description="condition in the source's SQL")
    reason: Filled = Field(description="why")
    signed_by: Filled = Field(description="who signed")
    signed_on: IsoDate = Field(description="when, as 2026-11-20")
    at_most: Count | None = Field(default=None, description="more rows than this fail the step")


class QuarantineText(Strict):
    """How many bad rows are accepted."""

    at_most: Count = Field(default=0, description="more rows than this fail the step")


def _as_from(value: Any) -> Any:
    return {"from": value} if isinstance(value, str) else value


Column = Annotated[ColumnText, BeforeValidator(_as_from, json_schema_input_type=str | ColumnText)]


class TableText(Strict):
    """One target table and where its rows come from."""

    table: Filled = Field(description="target table; schema.table is allowed")
    source: Filled = Field(description="source table")
    key: KeyText = Field(description="what tells rows apart")
    columns: dict[Filled, Column] = Field(min_length=1, description="target column -> where it comes from")
    validator: CodeName | None = Field(default=None, description="file.py:Class in validators/")
    wave_by: SidesText | None = Field(default=None, description="the column that waves select rows by")
    exclude: tuple[ExceptionText, ...] = Field(default=(), description="signed exceptions")
    quarantine: QuarantineText = Field(default=QuarantineText(), description="how many bad rows are accepted")
    totals: tuple[TotalText, ...] = Field(default=(), description="control totals")
    chunk_rows: Positive = Field(default=50_000, description="rows of a chunk")
    ignore_columns: dict[Filled, Filled] = Field(
        default={}, description="columns, of either side, that are left out on purpose -> why"
    )

    @model_validator(mode="after")
    def _key_is_mapped(self) -> Self:
        if self.key.target not in self.columns:
            raise WrongKey("key", f"key {self.key.target!r} is not among the columns of table {self.table!r}")
        return self


class IgnoredText(Strict):
    """A table of the source that stays behind on purpose."""

    table: Filled = Field(description="source table")
    reason: Filled = Field(description="why")


class MigrationText(Strict):
    """One migration: one source database, one target database."""

    migration: Filled = Field(description="name of the migration")
    source: Name = Field(alias="from", description="source database, as environments name it")
    target: Name = Field(alias="to", description="target database, as environments name it")
    tables: tuple[TableText, ...] = Field(min_length=1, description="tables, parents before children")
    ignore: tuple[IgnoredText, ...] = Field(default=(), description="source tables that are left out on purpose")

    @model_validator(mode="after")
    def _two_databases(self) -> Self:
        if self.source == self.target:
            raise WrongKey("to", f"'from' and 'to' are the same database {self.source!r}")
        return self
