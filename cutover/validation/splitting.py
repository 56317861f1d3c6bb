"""
Judges a chunk: good rows, bad rows with all their reasons, and how many rows break each rule.

Called by the copy for every chunk (through the step) and by `checking` for what cannot be pushed
into a database. One fused Polars query per chunk; no state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from polars.exceptions import PanicException, PolarsError

from cutover.redact import redact
from cutover.validation.contract import Contract, Rule, RuleCrashed, SchemaMismatch

ROW, REASONS = "_row", "_reasons"

_WORD = 63  # rules per Int64 bit set


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """
    A judged chunk.

    `bad` has the original columns, then `_row` (Int64, position in the chunk from 0) and `_reasons` (List[String],
    every rule the row breaks). `counts`: rows per broken rule, warnings among them; rules that hold are left out.
    """

    good: pl.DataFrame
    bad: pl.DataFrame
    counts: Mapping[str, int]


def split(contract: Contract, frame: pl.DataFrame) -> Split:
    """
    Judge every row of `frame` by itself.

    Raises SchemaMismatch when columns or types are not the contract's, RuleCrashed when a rule could not be evaluated.
    """
    refuse_mismatch(contract, frame)
    broken = masks(contract, frame)
    counts = {rule: count for rule, count in _sums(broken).items() if count}
    hard = [rule.id for rule in contract.rules if not rule.warns and rule.id in counts]
    if not hard:
        return Split(good=frame, bad=_no_bad(frame), counts=counts)
    bad = broken.select(pl.any_horizontal(hard)).to_series()
    reasons = _reasons(broken.filter(bad), hard)
    rows = bad.arg_true().cast(pl.Int64).alias(ROW)
    return Split(good=frame.filter(~bad), bad=frame.filter(bad).with_columns(rows, reasons), counts=counts)


def refuse_mismatch(contract: Contract, frame: pl.DataFrame) -> None:
    """Raise SchemaMismatch with everything that is wrong with the columns of `frame`."""
    wrong = [*_missing(contract, frame), *_unexpected(contract, frame), *_mistyped(contract, frame)]
    known = [name for name in frame.columns if name in contract.dtypes]
    if contract.ordered and known != [name for name in contract.dtypes if name in frame.columns]:
        wrong.append(f"columns stand in the order {', '.join(known)}")
    if wrong:
        raise SchemaMismatch(
            f"rows do not fit validator {contract.name!r}: {'; '.join(wrong)}",
            hint="bring the columns of the migration and the fields of the validator together",
        )


def masks(contract: Contract, frame: pl.DataFrame) -> pl.DataFrame:
    """One Boolean column per row rule, named by its id; TRUE = the row breaks it."""
    here = [rule for rule in contract.rules if rule.column is None or rule.column in frame.columns]
    return judge(contract, here, frame)


def judge(contract: Contract, rules: list[Rule], frame: pl.DataFrame) -> pl.DataFrame:
    """The verdict of each of `rules` on `frame`, one Boolean column each: expressions in one query, then the rest."""
    try:
        fused = frame.select(**{rule.id: rule.breaks for rule in rules if rule.breaks is not None})
    except (PolarsError, PanicException) as broken:
        raise RuleCrashed(f"validator {contract.name!r} broke down: {redact(str(broken))}") from broken
    other = [judge_one(contract, rule, frame).alias(rule.id) for rule in rules if rule.judge is not None]
    return fused.with_columns(other) if fused.width else pl.DataFrame(other)


def judge_one(contract: Contract, rule: Rule, frame: pl.DataFrame) -> pl.Series:
    """The verdict of a rule that is not an expression: TRUE = breaks it; one per row, or a single one."""
    assert rule.judge is not None
    try:
        verdict = rule.judge(frame)
    except (Exception, PanicException) as broken:  # somebody else's function may raise anything
        said = redact(f"{type(broken).__name__}: {broken}")
        raise RuleCrashed(f"rule {rule.id!r} of validator {contract.name!r} broke down: {said}") from broken
    return verdict


def _sums(broken: pl.DataFrame) -> dict[str, int]:
    return {name: int(count or 0) for name, count in broken.sum().row(0, named=True).items()} if broken.width else {}


def _no_bad(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.clear().with_columns(pl.Series(ROW, [], pl.Int64), pl.Series(REASONS, [], pl.List(pl.String)))


def _reasons(broken: pl.DataFrame, ids: list[str]) -> pl.Series:
    """Every broken rule of each row: bit sets first, because few combinations occur; each is spelled out once."""
    words = [ids[start : start + _WORD] for start in range(0, len(ids), _WORD)]
    bits = broken.select(
        pl.sum_horizontal([pl.col(rule).cast(pl.Int64) * (1 << bit) for bit, rule in enumerate(word)]).alias(
            f"w{number}"
        )
        for number, word in enumerate(words)
    )
    combinations = bits.unique()
    spelled = [
        [rule for word, value in zip(words, row, strict=True) for bit, rule in enumerate(word) if value >> bit & 1]
        for row in combinations.rows()
    ]
    lists = combinations.with_columns(pl.Series(REASONS, spelled, dtype=pl.List(pl.String)))
    return bits.join(lists, on=bits.columns, how="left", maintain_order="left")[REASONS]


def _bit_set(rules: list[str]) -> pl.Expr:
    return pl.sum_horizontal([pl.col(rule).cast(pl.Int64) * (1 << bit) for bit, rule in enumerate(rules)])


def _missing(contract: Contract, frame: pl.DataFrame) -> list[str]:
    return [
        f"column {name!r} is missing"
        for name in contract.dtypes
        if name not in frame.columns and name not in contract.optional
    ]


def _unexpected(contract: Contract, frame: pl.DataFrame) -> list[str]:
    if not contract.strict:
        return []
    return [f"column {name!r} is not in the validator" for name in frame.columns if name not in contract.dtypes]


def _mistyped(contract: Contract, frame: pl.DataFrame) -> list[str]:
    return [
        f"column {name!r} is {frame.schema[name]}, the validator says {dtype}"
        for name, dtype in contract.dtypes.items()
        if name in frame.columns and frame.schema[name] != dtype
    ]
