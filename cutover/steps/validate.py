"""`validate`: the rules of the validators, asked of whole tables where they lie in the target. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import Field

from cutover import points
from cutover.contract import Context, Fields, References
from cutover.errors import StepFailed
from cutover.model.migration import TableMapping
from cutover.model.outcome import Action, Facts, Finding, Severity
from cutover.validation import Contract, RuleKind, RuleResult, check_table, load_contract
from cutover.words import counted

POINTS = ("validate.table_done",)


class Validate(Fields):
    """Check whole tables of the target against their validators: every rule, uniqueness and references."""

    kind: ClassVar[str] = "validate"
    effects: ClassVar[bool] = False

    tables: tuple[str, ...] = Field(min_length=1, description="target tables, each with a validator in its migration")

    def says(self) -> str:
        return f"check all rows of {_listed(self.tables)} against their rules"

    def references(self) -> References:
        return References(tables=self.tables)

    def undoable(self) -> bool:
        return True

    def wants_validators(self) -> tuple[str, ...]:
        """The tables whose mappings must name a validator; lint looks (`project.step_kinds.WantsValidators`)."""
        return self.tables

    def check(self, ctx: Context) -> None:
        for table in self.tables:
            _contract(ctx, table)
            ctx.database(ctx.migration_of(table).target)

    def plan(self, ctx: Context) -> Iterator[Action]:
        for table in self.tables:
            contract = _contract(ctx, table)
            rules = len(contract.rules) + len(contract.table_rules) + len(contract.unique) + len(contract.references)
            yield Action(says=f"check {rules} rules on table {table!r}", detail={"validator": contract.name})

    def run(self, ctx: Context) -> Facts:
        tables: list[dict[str, Any]] = []
        broken: list[str] = []
        for table in self.tables:
            rows, results = _checked(ctx, table)
            rules = [{"rule": one.rule, "kind": one.kind.value, "failed": one.failed} for one in results]
            tables.append({"table": table, "rows": rows, "rules": rules, **_coverage(ctx, table)})
            for result in results:
                if result.failed:
                    ctx.find(_finding(ctx, table, result))
            broken += [f"{table!r}: {_says(one)}" for one in results if one.failed and not one.warns]
            ctx.log(
                f"{table}: {counted(rows, 'row')}, {counted(len(results), 'rule')}, "
                f"{sum(one.failed > 0 for one in results)} broken"
            )
            points.reach("validate.table_done")
            ctx.safe_point()
        if broken:
            more = f", and {len(broken) - 1} more rules are broken" if len(broken) > 1 else ""
            raise StepFailed(
                f"rows break their rules: table {broken[0]}{more}", hint="the findings show the first rows"
            )
        return {"tables": tables}

    def verify(self, ctx: Context) -> None:
        """Nothing was changed."""

    def undo(self, ctx: Context) -> Facts:
        return {}


def _contract(ctx: Context, table: str) -> Contract:
    mapping: TableMapping = ctx.migration_of(table).table(table)
    if mapping.validator is None:
        raise StepFailed(
            f"table {table!r} has no validator",
            hint=f"write validator: file.py:Class in {mapping.path.name}, or leave the table out of this step",
        )
    return load_contract(ctx.project.content, mapping.validator)


def _coverage(ctx: Context, table: str) -> dict[str, Any]:
    """How many columns the mapping fills, and which of them no validator knows."""
    columns = [column.target for column in ctx.migration_of(table).table(table).columns]
    known = _contract(ctx, table).dtypes
    return {"columns": len(columns), "uncovered": sorted(name for name in columns if name not in known)}


def _checked(ctx: Context, table: str) -> tuple[int, list[RuleResult]]:
    contract = _contract(ctx, table)
    database = ctx.database(ctx.migration_of(table).target)
    with database.connect() as connection:
        results = check_table(connection, database.dialect, table, contract)
        return database.dialect.count(connection, table), results


def _finding(ctx: Context, table: str, result: RuleResult) -> Finding:
    return Finding(
        check=f"validate {result.rule}",
        table=table,
        says=_says(result),
        count=result.failed,
        severity=Severity.WARNING if result.warns else Severity.ERROR,
        columns=result.columns,
        samples=result.samples,
        step=ctx.spec.id,
    )


def _says(result: RuleResult) -> str:
    if result.kind is RuleKind.UNIQUE:
        return f"{counted(result.failed, 'row shares its', 'rows share their')} key, {result.rule}"
    if result.kind is RuleKind.REFERENCE:
        return f"{counted(result.failed, 'row refers', 'rows refer')} to nothing, {result.rule}"
    if result.kind is RuleKind.TABLE:
        return f"the table as a whole breaks {result.rule}"
    return f"{counted(result.failed, 'row breaks', 'rows break')} {result.rule}"


def _listed(tables: tuple[str, ...]) -> str:
    return ", ".join(tables)
