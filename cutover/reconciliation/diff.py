"""
Which rows differ between two frames that should hold the same rows: missing, extra and changed, by key.

Pure; called for the chunks whose fingerprints differ. Both frames have the same columns. Rows are compared
by their canonical text, so a value differs here exactly when the fingerprint sees it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any

import polars as pl

from cutover.dataplane import canonical

_KEY, _TEXT, _FIRST, _ROWS, _VALUE = "key_", "text_", "first_", "rows_", "value_"

_SHOWN = 200  # characters of a value in a sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """
    How many rows differ, and the first of them in the order of their keys.

    `missing` and `extra` are samples of (key,); `changed` of (key, column, value in the source, value in the target).
    """

    missing: int = 0
    extra: int = 0
    changed: int = 0
    missing_keys: tuple[str, ...] = ()
    extra_keys: tuple[str, ...] = ()
    changes: tuple[tuple[str, str, str, str], ...] = ()
    columns: tuple[str, ...] = field(default=())  # those in which sampled rows differ

    def __add__(self, other: Diff) -> Diff:
        return Diff(
            missing=self.missing + other.missing,
            extra=self.extra + other.extra,
            changed=self.changed + other.changed,
            missing_keys=self.missing_keys + other.missing_keys,
            extra_keys=self.extra_keys + other.extra_keys,
            changes=self.changes + other.changes,
            columns=tuple(dict.fromkeys(self.columns + other.columns)),
        )

    @property
    def fewest_samples(self) -> int:
        """How many samples there are of the kind that has fewest."""
        return min(len(self.missing_keys), len(self.extra_keys), len(self.changes))

    def shortened(self, samples: int) -> Diff:
        """The same with at most that many samples of each kind."""
        return replace(
            self,
            missing_keys=self.missing_keys[:samples],
            extra_keys=self.extra_keys[:samples],
            changes=self.changes[:samples],
        )


def diff_rows(source: pl.DataFrame, target: pl.DataFrame, key: str, *, samples: int = 20) -> Diff:
    """
    What must change so that `target` holds the rows of `source`; a row that is there twice is an extra row.

    A key that stands on both sides with other values is a changed row; at most `samples` rows of each kind are shown.
    """
    lost = _surplus(source, target, key)
    won = _surplus(target, source, key)
    pairs = _per_key(lost).join(_per_key(won), on=_KEY, how="full", coalesce=True, suffix="_won")
    pairs = pairs.with_columns(pl.col(_ROWS, f"{_ROWS}_won").fill_null(0))
    pairs = pairs.with_columns(both=pl.min_horizontal(_ROWS, f"{_ROWS}_won")).sort(
        pl.coalesce(_VALUE, f"{_VALUE}_won"), nulls_last=True
    )
    missing = pairs.filter(pl.col(_ROWS) > pl.col("both"))
    extra = pairs.filter(pl.col(f"{_ROWS}_won") > pl.col("both"))
    changed = pairs.filter(pl.col("both") > 0)
    changes = _changes(source, target, lost, won, changed[_KEY].head(samples)) if changed.height else []
    return Diff(
        missing=int((missing[_ROWS] - missing["both"]).sum()),
        extra=int((extra[f"{_ROWS}_won"] - extra["both"]).sum()),
        changed=int(changed["both"].sum()),
        missing_keys=_keys(source, lost, missing[_KEY].head(samples), key),
        extra_keys=_keys(target, won, extra[_KEY].head(samples), key),
        changes=tuple((_shown_key(source, row, key), *change) for row, change in changes),
        columns=tuple(dict.fromkeys(change[0] for _, change in changes)),
    )


def shown(value: Any) -> str:
    """A value in a sample, so that NULL, the empty text and a trailing blank can be told apart."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return _short(f"'{value}'")
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return _short(value.hex() if isinstance(value, bytes) else str(value))


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _surplus(one: pl.DataFrame, other: pl.DataFrame, key: str) -> pl.DataFrame:
    """Rows that `one` holds more often than `other`: key, text, position of the first, and how many more."""
    mine, theirs = _counted(one, key), _counted(other, key)
    joined = mine.join(theirs.select(_KEY, _TEXT, others=_ROWS), on=(_KEY, _TEXT), how="left")
    more = joined.with_columns((pl.col(_ROWS) - pl.col("others").fill_null(0)).alias(_ROWS))
    return more.filter(pl.col(_ROWS) > 0).drop("others")


def _counted(frame: pl.DataFrame, key: str) -> pl.DataFrame:
    written = frame.select(canonical.field(pl.col(key), frame.schema[key], key).alias(_KEY)).with_columns(
        canonical.row_texts(frame).alias(_TEXT), pl.int_range(frame.height, dtype=pl.Int64, eager=True).alias(_FIRST)
    )
    return (
        written.with_columns(frame[key].alias(_VALUE))
        .group_by(_KEY, _TEXT)
        .agg(pl.col(_FIRST).min(), pl.len().cast(pl.Int64).alias(_ROWS), pl.col(_VALUE).first())
    )


def _per_key(surplus: pl.DataFrame) -> pl.DataFrame:
    return surplus.group_by(_KEY).agg(pl.col(_ROWS).sum(), pl.col(_VALUE).first())


def _position(surplus: pl.DataFrame, key_text: str) -> int:
    return int(surplus.filter(pl.col(_KEY) == key_text)[_FIRST].min())  # type: ignore[arg-type]  # of a column of Int64


def _keys(frame: pl.DataFrame, surplus: pl.DataFrame, key_texts: pl.Series, key: str) -> tuple[str, ...]:
    return tuple(_shown_key(frame, _position(surplus, text), key) for text in key_texts)


def _shown_key(frame: pl.DataFrame, row: int, key: str) -> str:
    value = frame[key][row]
    return _short(value) if isinstance(value, str) else shown(value)


def _changes(
    source: pl.DataFrame, target: pl.DataFrame, lost: pl.DataFrame, won: pl.DataFrame, key_texts: pl.Series
) -> list[tuple[int, tuple[str, str, str]]]:
    """For each of those keys the differing columns of its first row: (row in the source, (column, source, target))."""
    found = []
    for key_text in key_texts:
        before, after = _position(lost, key_text), _position(won, key_text)
        found += [
            (before, (column, shown(source[column][before]), shown(target[column][after])))
            for column in _differing(source[before], target[after])
        ]
    return found


def _differing(before: pl.DataFrame, after: pl.DataFrame) -> list[str]:
    fields = [canonical.field(pl.col(name), dtype, name).alias(name) for name, dtype in before.schema.items()]
    return [name for name in before.columns if before.select(fields)[name][0] != after.select(fields)[name][0]]
