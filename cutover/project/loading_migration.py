"""`migrations/*.yaml` -> Migrations: typed, checked against the project's files and against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cutover.model.migration import (
    ColumnMapping,
    ControlTotal,
    IgnoredTable,
    Migration,
    SignedException,
    TableMapping,
    TwoSides,
)
from cutover.model.project import Project
from cutover.project import places
from cutover.project.problems import Problem, WrongFile, refuse, suggestion
from cutover.project.schema_migration import ColumnText, ExceptionText, MigrationText, SidesText, TableText, TotalText
from cutover.project.typed import bare_values, line_at, typed
from cutover.project.yaml_text import Table, read

Loc = tuple[int | str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMigrations:
    """What the migrations of a project came to. `complete` is false when a file could not be understood."""

    migrations: tuple[Migration, ...] = ()
    problems: tuple[Problem, ...] = ()
    complete: bool = True

    @property
    def tables(self) -> frozenset[str]:
        """Every target table."""
        return frozenset(table.table for migration in self.migrations for table in migration.tables)


def load_migrations(project: Project) -> tuple[Migration, ...]:
    """
    The migrations of the project, by name of their files; tables in file order.

    Raises WrongFile with everything that is wrong in any of them.
    """
    found = read_migrations(project)
    refuse(found.problems)
    return found.migrations


def read_migrations(project: Project) -> ReadMigrations:
    """The migrations that could be understood, with every problem of every file."""
    done: list[_Read] = [_read(project, path) for path in places.yaml_files(project.content, places.MIGRATIONS)]
    problems = [problem for one in done for problem in one.problems]
    migrations = tuple(one.migration for one in done if one.migration is not None)
    return ReadMigrations(
        migrations=migrations,
        problems=(*problems, *_twice(project, migrations)),
        complete=len(migrations) == len(done),
    )


@dataclass(slots=True)
class _Read:
    problems: list[Problem] = field(default_factory=list)
    migration: Migration | None = None


def _read(project: Project, path: Path) -> _Read:
    shown, done = places.shown(project.content, path), _Read()
    try:
        tree = read(path, shown, done.problems)
    except WrongFile as error:
        done.problems += error.problems
        return done
    done.problems += bare_values(tree, shown)
    text, wrong = typed(MigrationText, tree, shown)
    done.problems += wrong
    if text is None:
        return done
    done.problems += _unknown_databases(project, text, tree, shown)
    done.problems += _missing_code(project, text, tree, shown)
    done.migration = Migration(
        name=text.migration,
        source=text.source,
        target=text.target,
        tables=tuple(_table(table, tree, ("tables", index), path=path) for index, table in enumerate(text.tables)),
        ignore=tuple(
            IgnoredTable(table=one.table, reason=one.reason, line=line_at(tree, ("ignore", index)))
            for index, one in enumerate(text.ignore)
        ),
        path=path,
    )
    return done


def _table(text: TableText, tree: Table, at: Loc, *, path: Path) -> TableMapping:
    return TableMapping(
        table=text.table,
        source=text.source,
        source_key=text.key.source,
        target_key=text.key.target,
        columns=tuple(
            _column(name, column, line_at(tree, (*at, "columns", name))) for name, column in text.columns.items()
        ),
        validator=text.validator,
        wave_by=text.wave_by.source if text.wave_by else None,
        wave_target=text.wave_by.target if text.wave_by else None,
        exclude=tuple(
            _exception(one, line_at(tree, (*at, "exclude", index))) for index, one in enumerate(text.exclude)
        ),
        quarantine_at_most=text.quarantine.at_most,
        totals=tuple(_total(one) for one in text.totals),
        chunk_rows=text.chunk_rows,
        ignore_columns=dict(text.ignore_columns),
        path=path,
        line=line_at(tree, at),
    )


def _column(target: str, text: ColumnText, line: int) -> ColumnMapping:
    return ColumnMapping(
        target=target,
        source=text.source,
        sql=text.sql,
        python=text.python,
        needs=tuple((text.needs or {}).items()),
        has_value=text.value is not None,
        value=text.value,
        codes=text.codes,
        null_when=text.null_when,
        reason=text.reason or "",
        at_most=text.at_most,
        line=line,
    )


def _exception(text: ExceptionText, line: int) -> SignedException:
    return SignedException(
        id=text.id,
        when=text.when,
        reason=text.reason,
        signed_by=text.signed_by,
        signed_on=text.signed_on,
        at_most=text.at_most,
        line=line,
    )


def _total(text: TotalText) -> ControlTotal:
    return ControlTotal(name=text.total, by=_sides(text.by), measures=_sides(text.measures))


def _sides(named: Mapping[str, SidesText]) -> tuple[TwoSides, ...]:
    return tuple(TwoSides(name=name, source=one.source, target=one.target) for name, one in named.items())


def _unknown_databases(project: Project, text: MigrationText, tree: Table, shown: str) -> Iterator[Problem]:
    known = {name for environment in project.environments.values() for name in environment.databases}
    for key, name in (("from", text.source), ("to", text.target)):
        if name not in known:
            says = f"{key!r}: no environment has a database {name!r}"
            hint = suggestion(name, known, called="databases")
            yield Problem(file=shown, line=line_at(tree, (key,)), says=says, hint=hint)


def _missing_code(project: Project, text: MigrationText, tree: Table, shown: str) -> Iterator[Problem]:
    """Files of Python that the tables name and that are not where they must be."""
    for index, table in enumerate(text.tables):
        at: Loc = ("tables", index)
        named: list[tuple[Loc, str, str]] = []
        if table.validator:
            named.append(((*at, "validator"), places.VALIDATORS, table.validator))
        for name, column in table.columns.items():
            if column.python:
                named.append(((*at, "columns", name, "python"), places.MIGRATIONS, column.python))
        for loc, folder, code in named:
            wrong = places.not_a_file(project.content, folder, code.partition(":")[0])
            if wrong:
                says = f"tables.{table.table}: {loc[-1]!r}: {wrong}"
                hint = places.files_there(project.content, folder, ".py")
                yield Problem(file=shown, line=line_at(tree, loc), says=says, hint=hint)


def _twice(project: Project, migrations: Sequence[Migration]) -> Iterator[Problem]:
    """Names that must be there once: migrations, target tables, signed exceptions of a table."""
    names: dict[str, str] = {}
    tables: dict[str, str] = {}
    for migration in migrations:
        shown = places.shown(project.content, migration.path)
        if migration.name in names:
            says = f"migration {migration.name!r} has the name of the one in {names[migration.name]}"
            yield Problem(file=shown, line=1, says=says, hint="give it another name")
        names.setdefault(migration.name, shown)
        for table in migration.tables:
            if table.table in tables:
                says = f"target table {table.table!r} is filled a second time (first in {tables[table.table]})"
                yield Problem(file=shown, line=table.line, says=says, hint="a table has one mapping; take one out")
            tables.setdefault(table.table, f"{shown}:{table.line}")
            yield from _exceptions_twice(table, shown)


def _exceptions_twice(table: TableMapping, shown: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for one in table.exclude:
        if one.id in seen:
            says = f"tables.{table.table}: signed exception {one.id!r} is there a second time"
            yield Problem(file=shown, line=one.line, says=says, hint="each exception has its own id")
        seen.add(one.id)
