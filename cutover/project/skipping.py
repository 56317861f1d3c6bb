"""What must not be left out by `when:`, and conditions that can never be met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cutover.model.outcome import Severity
from cutover.model.project import Environment, Mode, Project
from cutover.model.runbook import Strategy
from cutover.project.checking import Planned
from cutover.project.problems import Problem, suggestion
from cutover.project.schema_runbook import WhenText
from cutover.project.typed import line_at
from cutover.project.variables import Declarations


def wrong_conditions(planned: Sequence[Planned], project: Project, declared: Declarations) -> Iterator[Problem]:
    """Conditions on what is not there: misspelt environments, variables nobody declares, values that cannot be."""
    for one in planned:
        when = one.step.text.when
        if when is None:
            continue
        for name in when.environment or ():
            if name not in project.environments:
                hint = suggestion(name, project.environments, called="environments")
                yield _problem(one, ("environment",), f"'when' names environment {name!r}, which is not there", hint)
        yield from _wrong_variables(one, when, declared)
        if _never_rehearsed(when, project):
            hint = "what only the live run carries out is not proved by any rehearsal"
            says = "no rehearsal ever carries it out: 'when' leaves it out wherever one can be"
            yield _problem(one, (), says, hint, severity=Severity.WARNING)


def _wrong_variables(one: Planned, when: WhenText, declared: Declarations) -> Iterator[Problem]:
    for name, values in when.variables.items():
        if name not in declared:
            hint = suggestion(name, declared, called="variables")
            yield _problem(one, ("variables", name), f"'when' names variable {name!r}, which nobody declares", hint)
            continue
        for value in values:
            if said := declared[name].misfit(value):
                yield _problem(
                    one, ("variables", name), f"'when' names a value that variable {name!r} never has: {said}"
                )


def _never_rehearsed(when: WhenText, project: Project) -> bool:
    where = [project.environments[name] for name in when.environment or () if name in project.environments]
    return when.mode == (Mode.LIVE,) or bool(where and all(one.live for one in where))


def left_out(
    planned: Sequence[Planned], environment: Environment, strategy: Strategy, values: Mapping[str, str]
) -> Iterator[Problem]:
    """Steps that a run in that environment leaves out and must not."""
    mode = Mode.LIVE if environment.live else Mode.REHEARSAL
    why = {}
    for one in planned:
        when = one.step.text.when
        said = (
            when.value().why_not(environment=environment.name, mode=mode, strategy=strategy, variables=values)
            if when
            else ""
        )
        if said:
            why[one.step.id] = said
    severity = Severity.ERROR if environment.live else Severity.WARNING
    for one in planned:
        if one.step.id not in why:
            continue
        if one.step.text.point_of_no_return and environment.live:
            says = f"the point of no return is left out in live environment {environment.name!r}: {why[one.step.id]}"
            hint = "without it a rollback would be offered for ever: take `when` out"
            yield _problem(one, (), says, hint)
        for other in planned:
            if one.step.id in other.names.steps and other.step.id not in why:
                says = f"step {other.step.id!r} rests on it, and it is left out in environment {environment.name!r}"
                hint = f"{why[one.step.id]}: give both the same `when`, or none"
                yield _problem(one, (), says, hint, severity=severity)


def _problem(
    one: Planned, at: tuple[str, ...], says: str, hint: str = "", *, severity: Severity = Severity.ERROR
) -> Problem:
    return one.problem(says, hint, line=line_at(one.step.written, ("when", *at)), severity=severity)
