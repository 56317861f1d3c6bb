"""
Pandera model in, contract out: every check becomes one Polars expression where it can.

Called once per table by `loading`. Every rule is tried before it counts, so that a wrong pattern or
column is found before the first row is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pandera.polars as pa
import polars as pl
from polars.exceptions import PanicException

from cutover.redact import redact
from cutover.validation.by_row import by_row
from cutover.validation.contract import Contract, Reference, Rule, RuleKind, ValidatorError
from cutover.validation.pandera_checks import arguments_of, builtin_of, expression_of, judge_of, make_ready
from cutover.validation.refusals import problems_of

_LABEL = 80  # characters; a set of 50,000 values must not become the name of a rule


def compile_schema(schema: pa.DataFrameSchema, name: str, metadata: Mapping[str, Any]) -> Contract:
    """
    The contract of `schema`, tried out on a row of NULLs.

    Raises ValidatorError with every trap found, or with the first rule that does not work.
    """
    make_ready()
    problems = problems_of(schema)
    if problems:
        raise ValidatorError(
            f"validator {name!r} cannot be used: {'; '.join(problems)}",
            hint="docs/validators.md says why, and what to write",
        )
    dtypes = {column: _dtype(field) for column, field in schema.columns.items()}
    rules, table_rules = _tried(_numbered(_rules(schema)), dtypes, name)
    return Contract(
        name=name,
        dtypes=dtypes,
        optional=frozenset(column for column, field in schema.columns.items() if not field.required),
        strict=schema.strict is True,
        ordered=bool(schema.ordered),
        rules=rules,
        table_rules=table_rules,
        unique=_unique(schema, name),
        references=_references(metadata.get("references", {}), dtypes, name),
    )


def _dtype(field: Any) -> pl.DataType:
    dtype = field.dtype.type
    made: pl.DataType = dtype() if isinstance(dtype, type) else dtype
    return made


def _rules(schema: pa.DataFrameSchema) -> Iterator[Rule]:
    for column, field in schema.columns.items():
        if not field.nullable:
            yield Rule(
                id=f"{column}:not_null",
                kind=RuleKind.NOT_NULL,
                column=column,
                breaks=_is_null(column, field),
                alone=True,
            )
        yield from (_rule(check, column) for check in field.checks)
    yield from (_rule(check, None) for check in schema.checks)


def _is_null(column: str, field: Any) -> pl.Expr:
    null = pl.col(column).is_null()
    return null | pl.col(column).is_nan() if field.dtype.type in (pl.Float32, pl.Float64) else null


def _rule(check: Any, column: str | None) -> Rule:
    rule = Rule(
        id=f"{column or 'row'}:{_label(check)}",
        kind=RuleKind.CHECK if column else RuleKind.ROW,
        column=column,
        builtin=builtin_of(check),
        arguments=arguments_of(check),
        null_passes=bool(check.ignore_na),
        warns=bool(check.raise_warning),
    )
    try:
        breaks = ~expression_of(check, column).fill_null(rule.null_passes)
    except Exception:  # noqa: BLE001 — a check may do anything with a frame that is none; real frames will tell
        return replace(rule, judge=judge_of(check, column), alone=bool(check.element_wise))
    return replace(rule, breaks=breaks, alone=bool(rule.builtin) or by_row(breaks))


def _label(check: Any) -> str:
    words = str(check.error or check.name or "check")
    return words if len(words) <= _LABEL else words[: _LABEL - 1] + "…"


def _numbered(rules: Iterable[Rule]) -> Iterator[Rule]:
    """The same rules with ids that occur once."""
    seen: dict[str, int] = {}
    for rule in rules:
        seen[rule.id] = seen.get(rule.id, 0) + 1
        yield rule if seen[rule.id] == 1 else replace(rule, id=f"{rule.id}#{seen[rule.id]}")


def _tried(
    rules: Iterable[Rule], dtypes: Mapping[str, pl.DataType], name: str
) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """Row rules and table rules, each tried on two rows of NULLs: what cannot work fails before the first row."""
    probe = pl.DataFrame({column: [None, None] for column in dtypes}, schema=dict(dtypes))
    row_rules, table_rules = [], []
    for rule in rules:
        verdict = _try(rule, probe, name)
        if len(verdict) == probe.height and rule.alone:
            row_rules.append(rule)
        else:
            table_rules.append(replace(rule, kind=RuleKind.TABLE))
    return tuple(row_rules), tuple(table_rules)


def _try(rule: Rule, probe: pl.DataFrame, name: str) -> pl.Series:
    try:
        verdict = probe.select(rule.breaks).to_series() if rule.judge is None else rule.judge(probe)
    except (Exception, PanicException) as broken:  # a check is somebody else's code and may raise anything
        raise ValidatorError(
            f"rule {rule.id!r} of validator {name!r} does not work: {redact(str(broken)).strip()}",
            hint="it was tried on rows in which every value is NULL",
        ) from broken
    if verdict.dtype != pl.Boolean:
        raise ValidatorError(f"rule {rule.id!r} of validator {name!r} gives {verdict.dtype}, not true or false")
    return verdict


def _unique(schema: pa.DataFrameSchema, name: str) -> tuple[tuple[str, ...], ...]:
    single = [(column,) for column, field in schema.columns.items() if field.unique]
    declared = schema.unique or []
    several = [tuple(declared)] if all(isinstance(one, str) for one in declared) else [tuple(one) for one in declared]
    keys = tuple(dict.fromkeys([*single, *(key for key in several if key)]))
    for key in keys:
        _refuse_unknown(key, schema.columns, f"unique({', '.join(key)})", name)
    return keys


def _references(declared: Any, dtypes: Mapping[str, pl.DataType], name: str) -> tuple[Reference, ...]:
    if not isinstance(declared, Mapping):
        raise ValidatorError(f"validator {name!r}: 'references' must be a dictionary of column and 'table.column'")
    references = tuple(_reference(columns, target, name) for columns, target in declared.items())
    for reference in references:
        _refuse_unknown(reference.columns, dtypes, f"reference {reference.id}", name)
    return references


def _reference(columns: Any, target: Any, name: str) -> Reference:
    """`"carrier": "airline.carrier"`, or for several columns `("a", "b"): ("table", "c", "d")`."""
    own = (columns,) if isinstance(columns, str) else tuple(columns)
    parts = tuple(target.rpartition(".")[::2]) if isinstance(target, str) else tuple(target)
    if len(parts) != len(own) + 1 or not all(isinstance(part, str) and part for part in (*own, *parts)):
        raise ValidatorError(
            f"validator {name!r}: reference {columns!r}: {target!r} is not understood",
            hint="write {'carrier': 'airline.carrier'}, or {('a', 'b'): ('table', 'c', 'd')} for several columns",
        )
    return Reference(columns=own, table=parts[0], target_columns=parts[1:])


def _refuse_unknown(columns: Iterable[str], known: Iterable[str], what: str, name: str) -> None:
    there = list(known)
    unknown = [column for column in columns if column not in there]
    if unknown:
        raise ValidatorError(
            f"validator {name!r}: {what} names column {unknown[0]!r}, which it does not have",
            hint=f"its columns: {', '.join(there)}",
        )
