"""
`runbooks/*.yaml` -> Runbook: includes written out, typed, unrolled, put in order, and looked up against the project.

The kinds of steps are handed in. Everything that is wrong is collected; a runbook with an error never
becomes a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cutover.model.project import Environment, Project
from cutover.model.runbook import Demands, OnFailure, Override, RetryRule, Runbook, StepSpec, Wave
from cutover.project import places, skipping, variables
from cutover.project.checking import Planned, check_steps
from cutover.project.demanding import demanded
from cutover.project.including import Expanded, expand
from cutover.project.loading_migration import ReadMigrations, read_migrations
from cutover.project.ordering import cycle, running_order
from cutover.project.overriding import override, unknown_environments
from cutover.project.own_steps import Around
from cutover.project.placeholders import of_wave, wrong_placeholders
from cutover.project.problems import Origin, Problem, WrongFile, errors_of, refuse
from cutover.project.schema_runbook import RunbookText
from cutover.project.side_by_side import beside_each_other
from cutover.project.step_fields import fill, name_of, phases_of, with_empty_kinds, wrong_keys
from cutover.project.step_kinds import Kinds
from cutover.project.step_meaning import step_digest
from cutover.project.typed import bare_values, typed
from cutover.project.unrolling import Unrolled, unroll
from cutover.project.yaml_text import Table, read


def load_runbook(project: Project, path: Path, kinds: Kinds, environment: Environment | None = None) -> Runbook:
    """
    The runbook at `path` (absolute, or relative to the project folder), ready to run in `environment`.

    The environment's variables and overrides are in it; without one, variables have their defaults or the values of the
    first environment that gives any, and nothing is overridden. Raises WrongFile with everything that is wrong
    in it, and in the migrations that its steps rest on.
    """
    migrations = read_migrations(project)
    found = read_runbook(project, project.content / path, kinds, migrations, environment)
    refuse((*found.problems, *migrations.problems))
    assert found.runbook is not None
    return found.runbook


@dataclass(slots=True)
class ReadRunbook:
    """What a runbook came to: None when it has an error. `databases` are those that its steps name."""

    problems: list[Problem] = field(default_factory=list)
    runbook: Runbook | None = None
    databases: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()  # that it declares
    snippets: frozenset[str] = frozenset()  # that it includes, as they are called
    varies: bool = False  # whether environments make something else of it


def read_runbook(
    project: Project, path: Path, kinds: Kinds, migrations: ReadMigrations, environment: Environment | None = None
) -> ReadRunbook:
    """The runbook, as `load_runbook`, with every problem and warning of its file and of what it includes."""
    file, found = places.shown(project.content, path), ReadRunbook()
    if Path(file).is_absolute():
        # Its name would be another one on every machine, and with it the digest of what was rehearsed.
        hint = f"put it into {places.RUNBOOKS}/"
        found.problems.append(
            Problem(file=file, line=1, says="the runbook is outside of the project folder", hint=hint)
        )
        return found
    try:
        tree = read(path, file, found.problems)
    except WrongFile as error:
        found.problems += error.problems
    else:
        _Reading(
            project=project, path=path, file=file, kinds=kinds, migrations=migrations, environment=environment
        ).into(found, tree)
    found.problems = [replace(problem, runbook=file) for problem in found.problems]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """Where a runbook is read, and for which environment."""

    project: Project
    path: Path
    file: str
    kinds: Kinds
    migrations: ReadMigrations
    environment: Environment | None

    def into(self, found: ReadRunbook, tree: Table) -> None:
        """Put into `found` what the runbook `tree` comes to."""
        declared = tree.entries.get("variables")
        names = frozenset(declared.entries) if isinstance(declared, Table) else frozenset()
        expanded = expand(tree, self.project.content, self.file, names)
        found.variables, found.snippets = names, frozenset(expanded.files)
        found.problems += expanded.problems
        tree = with_empty_kinds(expanded.tree, self.kinds)
        found.problems += bare_values(tree, self.file)
        text, wrong = typed(RunbookText, expanded.head or tree, self.file)
        found.problems += wrong
        written = phases_of(tree)
        found.problems += _wrong_steps(written, self.kinds, Origin(file=self.file), names)
        if text is None or errors_of(expanded.problems):
            found.problems += self._wrong_fields(written)
            return
        self._unrolled(found, text, tree, expanded)

    def _wrong_fields(self, written: Sequence[tuple[Table, Sequence[Table]]]) -> Iterator[Problem]:
        """What can be said of steps that will not become a runbook."""
        for _, steps in written:
            for step in steps:
                yield from fill(step, self.kinds, step.origin or Origin(file=self.file), {})[1]

    def _unrolled(self, found: ReadRunbook, text: RunbookText, tree: Table, expanded: Expanded) -> None:
        values = self._values(found, text, tree)
        steps, wrong = unroll(text, [steps for _, steps in phases_of(tree)], self.file)
        steps = [replace(step, values={**of_wave(step.wave), **values}) for step in steps]
        found.problems += wrong
        found.problems += _cycle(steps)
        digests = {step.id: step_digest(step, tree, self.kinds) for step in steps}
        changes: list[Override] = []
        demands = Demands()
        found.problems += unknown_environments(tree, self.project, self.file)
        if self.environment is not None:
            overridden = override(steps, tree, self.environment, self.kinds, self.file)
            steps, changes = overridden.steps, overridden.changes
            asked = demanded(tree, self.project, self.environment, self.file)
            demands, changes = asked.demands, [*asked.changes, *changes]
            found.problems += [*overridden.problems, *asked.problems]
        planned, wrong = _planned(steps, self.kinds)
        found.problems += wrong
        found.problems += self._checked(planned, text, tree, values)
        found.databases = frozenset(name for one in planned for name in one.names.databases)
        found.varies = bool(text.variables or text.overrides) or any(step.text.when for step in steps)
        if not errors_of(found.problems):
            made = _runbook(text, self.path, planned, digests)
            snippets = tuple(path.absolute() for _, path in sorted(expanded.files.items()))
            found.runbook = replace(
                made, variables=values, overrides=tuple(changes), demands=demands, snippets=snippets
            )

    def _values(self, found: ReadRunbook, text: RunbookText, tree: Table) -> dict[str, str]:
        lines = tree.entries.get("variables")
        if isinstance(lines, Table):
            found.problems += variables.wrong_declarations(text.variables, lines, self.file)
            if self.environment is not None:
                found.problems += variables.wrong_values(
                    text.variables, lines, self.project, self.environment, self.file
                )
        return variables.values_in(text.variables, self.project, self.environment)

    def _checked(
        self, planned: Sequence[Planned], text: RunbookText, tree: Table, values: Mapping[str, str]
    ) -> Iterator[Problem]:
        yield from check_steps(planned, self.project, self.migrations)
        phases = [phase for phase, _ in phases_of(tree)]
        yield from beside_each_other(planned, text, phases, self.file)
        yield from skipping.wrong_conditions(planned, self.project, text.variables)
        for one in planned:
            yield from variables.decides_what_runs(one, values)
        if self.environment is not None:
            yield from skipping.left_out(planned, self.environment, text.strategy, values)


def _wrong_steps(
    written: Sequence[tuple[Table, Sequence[Table]]], kinds: Kinds, here: Origin, variables: frozenset[str]
) -> Iterator[Problem]:
    for phase, steps in written:
        for step in steps:
            yield from wrong_keys(step, kinds, step.origin or here)
            if step.origin is not None:
                continue  # the words of a snippet were looked at before its parameters were put in
            tree = replace(
                step, entries={key: step.entries[key] for key in step.entries if key in kinds or key == "by"}
            )
            way, in_wave = f"step {name_of(step)!r}", "for_each" in phase.entries
            yield from wrong_placeholders(tree, here, way=way, known=sorted(variables), in_wave=in_wave)


def _cycle(steps: Sequence[Unrolled]) -> Iterator[Problem]:
    circle = cycle({step.id: step.after for step in steps})
    if len(circle) == 1:
        says = f"step {circle[0]!r} waits for itself"
    elif circle:
        says = f"steps wait for each other: {' after '.join(repr(one) for one in [*circle, circle[0]])}"
    else:
        return
    step = min((one for one in steps if one.id in circle), key=lambda one: one.line)
    hint = "take one of them out of 'after', or change their order in the file"
    yield step.origin.problem(step.line_of("after"), says, hint)


def _planned(steps: Sequence[Unrolled], kinds: Kinds) -> tuple[list[Planned], list[Problem]]:
    """The steps whose fields are right, in running order; a step on a cycle keeps its place at the end."""
    problems: list[Problem] = []
    planned: list[Planned] = []
    ids = {step.id for step in steps}
    for step in steps:
        around = Around(origin=step.origin, wave=step.wave, ids=ids)
        fields, wrong = fill(step.written, kinds, step.origin, step.values, around)
        problems += wrong
        if fields is not None:
            planned.append(Planned(step=step, fields=fields))
    place = {one: number for number, one in enumerate(running_order({step.id: step.after for step in steps}))}
    planned.sort(key=lambda one: place.get(one.step.id, len(place)))
    return planned, problems


def _runbook(text: RunbookText, path: Path, planned: Sequence[Planned], digests: Mapping[str, str]) -> Runbook:
    return Runbook(
        name=text.runbook,
        path=path.absolute(),
        strategy=text.strategy,
        steps=tuple(replace(_spec(one), digest=digests[one.step.id]) for one in planned),
        waves=tuple(Wave(name=wave.wave, value=wave.value) for wave in text.waves),
        owner=text.owner or "",
        parallel=text.parallel,
        hard_stop=text.hard_stop.value() if text.hard_stop else None,
    )


def _spec(planned: Planned) -> StepSpec:
    step, text = planned.step, planned.step.text
    return StepSpec(
        id=step.id,
        kind=planned.fields.kind,
        fields=planned.fields.plain,
        after=step.after,
        phase=step.phase,
        wave=step.wave,
        waves_before=step.waves_before,
        by=step.by,
        expect_seconds=text.expect,
        retry=RetryRule(tries=text.retry.tries, wait_seconds=text.retry.wait),
        on_failure=text.if_it_fails or OnFailure.ROLL_BACK,
        point_of_no_return=text.point_of_no_return,
        when=text.when.value() if text.when else None,
        window=step.window.value() if step.window else None,
        file=step.origin.file,
        line=step.line,
        included=step.origin.via,
    )
