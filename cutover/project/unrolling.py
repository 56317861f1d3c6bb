"""
Phases and waves unrolled into one list of steps, each with the steps it comes after.

Pure: text in, steps and problems out. The steps are still in file order; `ordering` decides how they run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from cutover.model.runbook import Wave
from cutover.project.problems import Problem, suggestion
from cutover.project.schema_runbook import PhaseText, RunbookText, StepText
from cutover.project.waves import filled_text
from cutover.project.yaml_text import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrolled:
    """One step of one wave, or of none."""

    id: str
    text: StepText
    written: Table  # the step as it stands in the file
    phase: str
    wave: Wave | None
    waves_before: tuple[Wave, ...]
    after: tuple[str, ...]  # ids of unrolled steps

    @property
    def line(self) -> int:
        """Where the step begins in the file."""
        return self.written.line

    @property
    def by(self) -> str:
        """The role that answers for the step; empty when none is named."""
        role = self.text.by or ""
        return role if self.wave is None else filled_text(role, self.wave)


def unroll(runbook: RunbookText, tables: Sequence[Sequence[Table]], file: str) -> tuple[list[Unrolled], list[Problem]]:
    """
    Every step, once per wave where its phase is for each wave.

    `tables` are the steps as written, phase by phase. Problems: ids that stand twice, waves that stand
    twice, and steps named in `after` that are not there.
    """
    waves = tuple(Wave(name=wave.wave, value=wave.value) for wave in runbook.waves)
    meant = _written_ids(runbook, waves)
    steps: list[Unrolled] = []
    for phase, written in zip(runbook.phases, tables, strict=True):
        steps += _phase(phase, written, waves, steps)
    problems = [*_waves_twice(runbook, file), *_ids_twice(steps, file), *_unknown_after(steps, meant, file)]
    return [replace(step, after=_meant(step, meant)) for step in steps], problems


def _phase(
    phase: PhaseText, written: Sequence[Table], waves: tuple[Wave, ...], before: list[Unrolled]
) -> list[Unrolled]:
    rounds: Sequence[Wave | None] = waves if phase.for_each else (None,)
    own = {step.step for step in phase.steps}
    done: list[Unrolled] = []
    last_round: list[Unrolled] = []
    for number, wave in enumerate(rounds):
        this_round: list[Unrolled] = []
        for text, table in zip(phase.steps, written, strict=True):
            previous = [*before, *done, *this_round][-1:]
            step = Unrolled(
                id=_id(text.step, wave),
                text=text,
                written=table,
                phase=phase.phase,
                wave=wave,
                waves_before=waves[:number] if phase.for_each else (),
                after=_after(text, wave, own, previous),
            )
            this_round.append(step)
        done += _following(this_round, last_round)
        last_round = this_round
    return done


def _id(step: str, wave: Wave | None) -> str:
    return step if wave is None else f"{step}-{wave.name}"


def _after(text: StepText, wave: Wave | None, own: set[str], previous: Sequence[Unrolled]) -> tuple[str, ...]:
    """As written, a step of the same phase being the one of the same wave; without anything, the step before."""
    if text.after is None:
        return tuple(step.id for step in previous)
    return tuple(_id(name, wave) if name in own else name for name in text.after)


def _following(this_round: list[Unrolled], last_round: list[Unrolled]) -> list[Unrolled]:
    """A wave begins when the one before it has ended: its first steps come after the last ones of that."""
    mine = {step.id for step in this_round}
    waited_for = {name for step in last_round for name in step.after}
    ends = tuple(step.id for step in last_round if step.id not in waited_for)
    return [
        step if mine.intersection(step.after) else replace(step, after=tuple(dict.fromkeys((*step.after, *ends))))
        for step in this_round
    ]


def _written_ids(runbook: RunbookText, waves: tuple[Wave, ...]) -> Mapping[str, tuple[str, ...]]:
    """What an id in `after` means: a step of a phase of waves, named from outside, is all of its waves."""
    meant: dict[str, tuple[str, ...]] = {}
    for phase in runbook.phases:
        for step in phase.steps:
            ids = tuple(_id(step.step, wave) for wave in waves) if phase.for_each else (step.step,)
            meant.update({one: (one,) for one in ids})
    for phase in runbook.phases:
        for step in phase.steps:
            if phase.for_each:
                meant.setdefault(step.step, tuple(_id(step.step, wave) for wave in waves))
    return meant


def _meant(step: Unrolled, meant: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for name in step.after for one in meant.get(name, ())))


def _unknown_after(steps: Sequence[Unrolled], meant: Mapping[str, tuple[str, ...]], file: str) -> Iterator[Problem]:
    for step in steps:
        for name in step.after:
            if name not in meant and name not in {one.id for one in steps}:
                hint = suggestion(name, meant, called="steps")
                says = f"step {step.text.step!r}: 'after' names step {name!r}, which is not there"
                yield Problem(file=file, line=step.written.lines.get("after", step.line), says=says, hint=hint)


def _ids_twice(steps: Sequence[Unrolled], file: str) -> Iterator[Problem]:
    first: dict[str, Unrolled] = {}
    told: set[int] = set()  # of a step of a phase of waves once is enough
    for step in steps:
        if step.id in first and step.line not in told:
            told.add(step.line)
            says = f"step {step.id!r} is there a second time (first in line {first[step.id].line})"
            yield Problem(file=file, line=step.line, says=says, hint="ids are unique in a runbook, waves counted in")
        first.setdefault(step.id, step)


def _waves_twice(runbook: RunbookText, file: str) -> Iterator[Problem]:
    names = [wave.wave for wave in runbook.waves]
    values = [wave.value for wave in runbook.waves]
    for what, words in (("wave", names), ("value", values)):
        for word in sorted({word for word in words if words.count(word) > 1}):
            yield Problem(file=file, line=1, says=f"waves: {what} {word!r} is there twice", hint="every row moves once")
