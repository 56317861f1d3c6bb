"""
What nobody has thought of: what nothing reads in the source, and what nothing fills in the target.

A comparison through the mapping cannot see them, because they are in no mapping. Used by the step. What stays behind
on purpose says so in the migration, with a reason; a reason for something that is not there is told, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cutover.dataplane.database import Database
from cutover.dataplane.dialects import Column, NoSuchTable, naming
from cutover.model.migration import Migration, TableMapping
from cutover.model.outcome import Finding, Severity
from cutover.project.sql_meaning import sql_words
from cutover.words import counted

CHECK = "reconcile coverage"

#: Names shown in a finding.
SAMPLES = 20


def forgotten(
    source: Database, target: Database, migration: Migration, project: Sequence[Migration], tables: Iterable[str]
) -> list[Finding]:
    """
    Warnings about the source of `migration`, and about those of its target tables that are in `tables`.

    `project`: every migration, because another one may read what this one leaves. Names count without regard to case.
    """
    every = [*project, *(() if migration in project else (migration,))]
    readers = [table for one in every if one.source == migration.source for table in one.tables]
    asked = [table for table in migration.tables if table.table in set(tables)]
    found = [*_tables(source, migration, readers)]
    for mapping in asked:
        found += _columns(source, target, mapping, readers)
    return found


def _tables(source: Database, migration: Migration, readers: Sequence[TableMapping]) -> Iterator[Finding]:
    with source.connect() as connection:
        there = source.dialect.tables(connection)
    ignored = {_folded(one.table): one for one in migration.ignore}
    read = {_folded(one.source) for one in readers} | {word for one in readers for word in _words(one)}
    left = [name for name in there if _folded(name) not in read | set(ignored)]
    if left:
        says = f"{counted(len(left), 'table')} of {source.name!r} read by no mapping: {_listed(left)}"
        yield _finding(left[0] if len(left) == 1 else source.name, says, ("table", left))
    gone = [one.table for one in migration.ignore if _folded(one.table) not in {_folded(name) for name in there}]
    if gone:
        says = f"ignored in migration {migration.name!r}, but not there in {source.name!r}: {_listed(gone)}"
        yield _finding(gone[0] if len(gone) == 1 else source.name, says, ("table", gone))


def _columns(
    source: Database, target: Database, mapping: TableMapping, readers: Sequence[TableMapping]
) -> Iterator[Finding]:
    old, new = _of(source, mapping.source), _of(target, mapping.table)
    ignored = {name.lower() for name in mapping.ignore_columns}
    read = {word for one in readers if _touches(one, mapping.source) for word in _words(one)}
    unread = [column.name for column in old if column.name.lower() not in read | ignored]
    if unread:
        columns = counted(len(unread), "column")
        says = f"{columns} of {mapping.source!r} in {source.name!r} read by nothing: {_listed(unread)}"
        yield _finding(mapping.table, says, ("column", unread))
    filled = {column.target for column in mapping.columns}
    empty = [
        column
        for column in new
        if not (column.name in filled or column.name.lower() in ignored or column.generated or column.filled)
    ]
    if empty:
        names = [column.name for column in empty]
        columns = counted(len(names), "column")
        says = f"{columns} of {mapping.table!r} in {target.name!r} filled by nothing: {_listed(names)}"
        yield _finding(mapping.table, says, ("column", names))
    there = {column.name.lower() for column in (*old, *new)}
    gone = [name for name in mapping.ignore_columns if name.lower() not in there]
    if gone:
        says = f"ignored, but neither in {mapping.source!r} nor in {mapping.table!r}: {_listed(gone)}"
        yield _finding(mapping.table, says, ("column", gone))


def _of(database: Database, table: str) -> tuple[Column, ...]:
    """None of a table that is not there; that is said elsewhere."""
    try:
        with database.connect() as connection:
            return database.dialect.columns(connection, table)
    except NoSuchTable:
        return ()


def _touches(mapping: TableMapping, source: str) -> bool:
    """Whether a mapping reads that table, as its source or inside its SQL."""
    return _folded(mapping.source) == _folded(source) or naming.parts(source)[1].lower() in _words(mapping)


def _words(mapping: TableMapping) -> set[str]:
    """Every name that the mapping asks the source for, in small letters."""
    names = [mapping.source_key, mapping.wave_by or "", *(column.source or "" for column in mapping.columns)]
    texts = [text for text in _texts(mapping) if text]
    # A need may be a column whose name is no word of SQL.
    return {name.lower() for name in (*names, *texts)} | {word.lower() for text in texts for word in sql_words(text)}


def _texts(mapping: TableMapping) -> Iterator[str]:
    for column in mapping.columns:
        yield column.sql or ""
        yield column.null_when or ""
        yield from (sql for _, sql in column.needs)
    yield from (one.when for one in mapping.exclude)
    for total in mapping.totals:
        yield from (sides.source for sides in (*total.by, *total.measures))


def _folded(name: str) -> str:
    schema, table = naming.parts(name.lower())
    return table if schema in ("", "public", "main") else naming.joined(schema, table)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SAMPLES]) + (", …" if len(names) > SAMPLES else "")


def _finding(table: str, says: str, named: tuple[str, Sequence[str]]) -> Finding:
    heading, names = named
    return Finding(
        check=CHECK,
        table=table,
        says=says,
        count=len(names),
        severity=Severity.WARNING,
        columns=(heading,),
        samples=tuple((name,) for name in names[:SAMPLES]),
    )
