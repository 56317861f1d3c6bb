"""
Rules as SQL conditions, where SQL and Polars surely say the same.

Used by `checking`. A rule for which that is not sure (a custom check, an order of texts, which follows the
collation, a pattern outside the common core) is not pushed; it is judged on rows read from the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy import ColumnElement

from cutover.validation.contract import Contract, Rule, RuleKind
from cutover.validation.portable_regex import portable

Condition = ColumnElement[bool]

_LONGEST = 10_000  # members of a set; databases limit the parameters of one statement

_EXACT = 2**53  # whole numbers beyond it are not all floats


def condition(rule: Rule, contract: Contract, table: sa.Table, dialect: sa.Dialect) -> Condition | None:
    """TRUE in SQL where a row of `table` breaks `rule`; None when the rule must be judged on rows that were read."""
    if rule.column is None or rule.column not in table.c or rule.kind not in (RuleKind.NOT_NULL, RuleKind.CHECK):
        return None
    column, dtype = table.c[rule.column], contract.dtypes[rule.column]
    if rule.kind is RuleKind.NOT_NULL:
        return _is_null(column, dtype)
    write = _WRITERS.get(rule.builtin)
    if write is None or not _comparable(column.type, dtype, dialect):
        return None
    breaks = write(column, rule.arguments, dtype)
    if breaks is None:
        return None
    return breaks if rule.null_passes else sa.or_(column.is_(None), breaks)


def _is_null(column: ColumnElement[Any], dtype: pl.DataType) -> Condition:
    if not isinstance(dtype, (pl.Float32, pl.Float64)):
        return column.is_(None)
    # Not a number counts as no value, as in flight. Its text is the same wherever it can be stored.
    return sa.or_(column.is_(None), sa.cast(column, sa.String) == "NaN")


def _comparable(sql: sa.types.TypeEngine[Any], dtype: pl.DataType, dialect: sa.Dialect) -> bool:
    """Whether the database's own type compares as Polars does; a database without decimals keeps dates as text, too."""
    typed = bool(getattr(dialect, "supports_native_decimal", False))
    if isinstance(dtype, pl.String):
        return sql.__visit_name__ in ("VARCHAR", "TEXT") and getattr(sql, "collation", None) is None
    if dtype.is_integer():
        return isinstance(sql, sa.Integer)
    if isinstance(dtype, pl.Float64):
        return isinstance(sql, sa.Float)
    if isinstance(dtype, pl.Decimal):
        return typed and isinstance(sql, sa.Numeric) and not isinstance(sql, sa.Float)
    if isinstance(dtype, pl.Datetime):
        zoned = dtype.time_zone is not None
        return typed and isinstance(sql, sa.DateTime) and bool(sql.timezone) is zoned
    if isinstance(dtype, pl.Date):
        return typed and isinstance(sql, sa.Date)
    return False


def _value(given: Any, dtype: pl.DataType) -> Any | None:
    """A bound as both sides understand it, or None."""
    if isinstance(given, bool) or given is None:
        return None
    if isinstance(given, float) and dtype.is_integer() and not given.is_integer():
        return None
    if isinstance(given, (int, float)) and isinstance(dtype, pl.Float64) and abs(given) >= _EXACT:
        return None
    return given


def _compared(
    bound: str, breaks: Callable[[Any, Any], Any]
) -> Callable[[ColumnElement[Any], Mapping[str, Any], pl.DataType], Condition | None]:
    """A writer for one comparison; an order of texts is the collation's, so only equality of texts is pushed."""

    def write(column: ColumnElement[Any], arguments: Mapping[str, Any], dtype: pl.DataType) -> Condition | None:
        value = _value(arguments.get(bound), dtype)
        if value is None or (isinstance(dtype, pl.String) and bound != "value"):
            return None
        found: Condition = breaks(column, value)
        return found

    return write


def _in_range(column: ColumnElement[Any], arguments: Mapping[str, Any], dtype: pl.DataType) -> Condition | None:
    low, high = _value(arguments["min_value"], dtype), _value(arguments["max_value"], dtype)
    if low is None or high is None or isinstance(dtype, pl.String):
        return None
    below = column < low if arguments.get("include_min", True) else column <= low
    above = column > high if arguments.get("include_max", True) else column >= high
    return sa.or_(below, above)


def _listed(values: Any, dtype: pl.DataType) -> list[Any] | None:
    """The members of a set in a stable order. A NULL among them matches nothing, as in flight."""
    members = [_value(value, dtype) for value in values if value is not None]
    if None in members or not 0 < len(members) <= _LONGEST or isinstance(values, str):
        return None
    return sorted(members, key=repr)


def _isin(column: ColumnElement[Any], arguments: Mapping[str, Any], dtype: pl.DataType) -> Condition | None:
    values = _listed(arguments["allowed_values"], dtype)
    return None if values is None else column.not_in(values)


def _notin(column: ColumnElement[Any], arguments: Mapping[str, Any], dtype: pl.DataType) -> Condition | None:
    values = _listed(arguments["forbidden_values"], dtype)
    return None if values is None else column.in_(values)


def _matches(column: ColumnElement[Any], arguments: Mapping[str, Any], _: pl.DataType) -> Condition | None:
    pattern = _pattern(arguments)
    return _searched(column, pattern if pattern.startswith("^") else f"^{pattern}")


def _contains(column: ColumnElement[Any], arguments: Mapping[str, Any], _: pl.DataType) -> Condition | None:
    return _searched(column, _pattern(arguments))


def _pattern(arguments: Mapping[str, Any]) -> str:
    pattern = arguments["pattern"]
    return str(getattr(pattern, "pattern", pattern))


def _searched(column: ColumnElement[Any], pattern: str) -> Condition | None:
    written = portable(pattern)
    if written is None:
        return None
    found: Condition = sa.not_(column.regexp_match(written))
    return found


def _starts(column: ColumnElement[Any], arguments: Mapping[str, Any], _: pl.DataType) -> Condition | None:
    return _piece(column, arguments["string"], lambda size: sa.func.substr(column, 1, size))


def _ends(column: ColumnElement[Any], arguments: Mapping[str, Any], _: pl.DataType) -> Condition | None:
    """LIKE would not do: in SQLite it knows no case."""
    return _piece(column, arguments["string"], lambda size: sa.func.substr(column, sa.func.length(column) - size + 1))


def _piece(column: ColumnElement[Any], wanted: str, piece: Callable[[int], Any]) -> Condition | None:
    if not wanted or "\0" in wanted:
        return None
    shorter = sa.func.length(column) < len(wanted)
    found: Condition = sa.or_(shorter, piece(len(wanted)) != wanted)
    return found


def _length(column: ColumnElement[Any], arguments: Mapping[str, Any], _: pl.DataType) -> Condition | None:
    size = sa.func.length(column)
    if arguments.get("exact_value") is not None:
        other: Condition = size != arguments["exact_value"]
        return other
    bounds: list[Condition] = []
    if arguments.get("min_value") is not None:
        bounds.append(size < arguments["min_value"])
    if arguments.get("max_value") is not None:
        bounds.append(size > arguments["max_value"])
    return sa.or_(*bounds) if bounds else None


_WRITERS: Mapping[str, Callable[[ColumnElement[Any], Mapping[str, Any], pl.DataType], Condition | None]] = {
    "equal_to": _compared("value", lambda column, value: column != value),
    "not_equal_to": _compared("value", lambda column, value: column == value),
    "greater_than": _compared("min_value", lambda column, value: column <= value),
    "greater_than_or_equal_to": _compared("min_value", lambda column, value: column < value),
    "less_than": _compared("max_value", lambda column, value: column >= value),
    "less_than_or_equal_to": _compared("max_value", lambda column, value: column > value),
    "in_range": _in_range,
    "isin": _isin,
    "notin": _notin,
    "str_matches": _matches,
    "str_contains": _contains,
    "str_startswith": _starts,
    "str_endswith": _ends,
    "str_length": _length,
}
