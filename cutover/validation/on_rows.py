"""
Judges a whole table on rows that were read from it: the rules that SQL cannot be trusted with.

Used by `checking`. Rules that look at one row go frame by frame in constant memory; a rule that looks at the
whole table needs the columns it looks at in memory at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from cutover.dataplane.dialects import Dialect
from cutover.dataplane.reading import read_in_pieces
from cutover.validation.asking import Asked, Rows, as_text
from cutover.validation.contract import Rule, RuleKind, RuleResult
from cutover.validation.splitting import judge, judge_one


def judged(asked: Asked, dialect: Dialect, table: str, *, done: frozenset[str]) -> dict[str, RuleResult]:
    """The answers for every rule that is not `done`."""
    here = [rule for rule in asked.contract.rules if rule.id not in done and _present(rule, asked)]
    found = _row_by_row(asked, here, _Source(asked, dialect, table)) if here else {}
    for rule in asked.contract.table_rules:
        if _present(rule, asked):
            found[rule.id] = _whole(asked, rule, _Source(asked, dialect, table))
    return found


class _Source:
    """Frames of the table with the columns that some rules need."""

    def __init__(self, asked: Asked, dialect: Dialect, table: str) -> None:
        self._asked, self._dialect, self._table = asked, dialect, table

    def frames(self, rules: Iterable[Rule]) -> Iterator[pl.DataFrame]:
        columns = _needed(self._asked, rules)
        dtypes = {name: dtype for name, dtype in self._asked.contract.dtypes.items() if name in columns}
        key = self._asked.key[0] if self._asked.key else None
        yield from read_in_pieces(self._asked.connection, self._dialect, table=self._table, dtypes=dtypes, key=key)


def _present(rule: Rule, asked: Asked) -> bool:
    return rule.column is None or rule.column in asked.table.c


def _needed(asked: Asked, rules: Iterable[Rule]) -> frozenset[str]:
    """The columns that the rules look at and those that name a row; all of them when a rule does not say."""
    everything = frozenset(asked.contract.dtypes) & frozenset(asked.table.c.keys())
    needed = set(asked.key)
    for rule in rules:
        roots = None if rule.breaks is None else set(rule.breaks.meta.root_names())
        if not roots or not roots <= everything or rule.column is None:
            return everything
        needed |= {rule.column, *roots}
    return frozenset(needed) & everything


def _row_by_row(asked: Asked, rules: list[Rule], source: _Source) -> dict[str, RuleResult]:
    failed = dict.fromkeys((rule.id for rule in rules), 0)
    samples: dict[str, list[tuple[str, ...]]] = {rule.id: [] for rule in rules}
    for frame in source.frames(rules):
        broken = judge(asked.contract, rules, frame)
        for rule in rules:
            count = int(broken[rule.id].sum() or 0)
            failed[rule.id] += count
            if count:
                wanted = asked.samples - len(samples[rule.id])
                samples[rule.id] += _rows(
                    frame.filter(broken[rule.id]).head(max(wanted, 0)), _columns(asked, rule, frame)
                )
    return {rule.id: _result(asked, rule, failed[rule.id], samples[rule.id]) for rule in rules}


def _whole(asked: Asked, rule: Rule, source: _Source) -> RuleResult:
    """A verdict on the table as a whole (0 or 1), or on each row seen beside all others."""
    frame = pl.concat(source.frames([rule]))
    broken = (
        judge(asked.contract, [rule], frame).to_series()
        if rule.judge is None
        else judge_one(asked.contract, rule, frame)
    )
    failed = int(broken.sum() or 0)
    rows = (
        _rows(frame.filter(broken).head(asked.samples), _columns(asked, rule, frame))
        if len(broken) == frame.height
        else []
    )
    return _result(asked, rule, failed, rows)


def _columns(asked: Asked, rule: Rule, frame: pl.DataFrame) -> list[str]:
    return [name for name in asked.shown(rule) if name in frame.columns]


def _rows(frame: pl.DataFrame, columns: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(as_text(value) for value in row) for row in frame.select(columns).rows()]


def _result(asked: Asked, rule: Rule, failed: int, rows: list[tuple[str, ...]]) -> RuleResult:
    known = frozenset(asked.contract.dtypes) & frozenset(asked.table.c.keys())
    heading = tuple(name for name in asked.shown(rule) if name in known) if rows else ()
    samples: Rows = tuple(rows)
    return RuleResult(
        rule=rule.id, kind=RuleKind(rule.kind), failed=failed, columns=heading, samples=samples, warns=rule.warns
    )
