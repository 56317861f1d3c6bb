"""
Phases and waves unrolled into one list of steps, each with the steps it comes after.

Pure: text in, steps and problems out. The steps are still in file order; `ordering` decides how they run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cutover.model.runbook import Wave
from cutover.project.placeholders import filled_text
from cutover.project.problems import Origin, Problem, suggestion
from cutover.project.schema_runbook import PhaseText, RunbookText, StepText
from cutover.project.texts_of_time import WindowText
from cutover.project.yaml_text import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrolled:
    """One step of one wave, or of none."""

    id: str
    text: StepText
    written: Table  # the step as it stands in its file, with the parameters of a snippet put in
    origin: Origin
    phase: str
    wave: Wave | None
    waves_before: tuple[Wave, ...]
    after: tuple[str, ...]  # ids of unrolled steps
    window: WindowText | None  # its own, or its phase's
    values: Mapping[str, str] = field(default_factory=dict)  # what words in braces stand for here

    @property
    def line(self) -> int:
        """Where the step begins in its file."""
        return self.written.line

    @property
    def by(self) -> str:
        """The role that answers for the step; empty when none is named."""
        return filled_text(self.text.by or "", self.values)

    def line_of(self, key: str) -> int:
        """Where that key of the step stands; where the step begins when it has none."""
        return self.written.lines.get(key, self.line) if key in self.written.entries else self.line


def unroll(runbook: RunbookText, tables: Sequence[Sequence[Table]], file: str) -> tuple[list[Unrolled], list[Problem]]:
    """
    Every step, once per wave where its phase is for each wave.

    `tables` are the steps as written, phase by phase. Problems: ids that stand twice, waves that stand
    twice, and steps named in `after` that are not there.
    """
    waves = tuple(Wave(name=wave.wave, value=wave.value) for wave in runbook.waves)
    meant = _written_ids(runbook, waves)
    steps: list[Unrolled] = []
    front: tuple[str, ...] = ()
    for phase, written in zip(runbook.phases, tables, strict=True):
        there, front = _phase(phase, written, waves, _Start(front=front, file=file))
        steps += there
    problems = [*_waves_twice(runbook, file), *_ids_twice(steps), *_unknown_after(steps, meant)]
    return [replace(step, after=_meant(step, meant)) for step in steps], problems


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """What a phase, or one of its waves, begins after, and the file of the runbook."""

    front: tuple[str, ...]
    file: str


def _phase(
    phase: PhaseText, written: Sequence[Table], waves: tuple[Wave, ...], start: _Start
) -> tuple[list[Unrolled], tuple[str, ...]]:
    """The steps of a phase, and what the step behind it comes after when it says nothing."""
    rounds: Sequence[Wave | None] = waves if phase.for_each else (None,)
    done: list[Unrolled] = []
    last_round: list[Unrolled] = []
    for number, wave in enumerate(rounds):
        this_round = _round(phase, written, wave, start)
        before = waves[:number] if phase.for_each else ()
        done += [replace(step, waves_before=before) for step in _following(this_round, last_round)]
        last_round = this_round
        front = _ends(this_round) if phase.side_by_side else tuple(step.id for step in this_round[-1:])
        start = replace(start, front=front)
    return done, start.front


def _round(phase: PhaseText, written: Sequence[Table], wave: Wave | None, start: _Start) -> list[Unrolled]:
    own = {step.step for step in phase.steps}
    steps: list[Unrolled] = []
    for text, table in zip(phase.steps, written, strict=True):
        origin = table.origin or Origin(file=start.file)
        same_lane = bool(steps) and origin.lane != 0 and steps[-1].origin.lane == origin.lane
        beside = phase.side_by_side and not same_lane
        previous = (steps[-1].id,) if steps and not beside else start.front
        step = Unrolled(
            id=_id(text.step, wave),
            text=text,
            written=table,
            origin=origin,
            phase=phase.phase,
            wave=wave,
            waves_before=(),
            after=previous if text.after is None else _after(text.after, wave, own),
            window=text.window or phase.window,
        )
        steps.append(step)
    return steps


def _id(step: str, wave: Wave | None) -> str:
    return step if wave is None else f"{step}-{wave.name}"


def _after(named: Sequence[str], wave: Wave | None, own: set[str]) -> tuple[str, ...]:
    """As written, a step of the same phase being the one of the same wave."""
    return tuple(_id(name, wave) if name in own else name for name in named)


def _ends(steps: Sequence[Unrolled]) -> tuple[str, ...]:
    """The steps that none of the others waits for."""
    waited_for = {name for step in steps for name in step.after}
    return tuple(step.id for step in steps if step.id not in waited_for)


def _following(this_round: list[Unrolled], last_round: list[Unrolled]) -> list[Unrolled]:
    """A wave begins when the one before it has ended: its first steps come after the last ones of that."""
    mine = {step.id for step in this_round}
    ends = _ends(last_round)
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


def _unknown_after(steps: Sequence[Unrolled], meant: Mapping[str, tuple[str, ...]]) -> Iterator[Problem]:
    for step in steps:
        for name in step.after:
            if name not in meant and name not in {one.id for one in steps}:
                hint = suggestion(name, meant, called="steps")
                says = f"step {step.text.step!r}: 'after' names step {name!r}, which is not there"
                yield step.origin.problem(step.line_of("after"), says, hint)


def _ids_twice(steps: Sequence[Unrolled]) -> Iterator[Problem]:
    first: dict[str, Unrolled] = {}
    told: set[tuple[Origin, int]] = set()  # of a step of a phase of waves once is enough
    for step in steps:
        if step.id in first and (step.origin, step.line) not in told:
            told.add((step.origin, step.line))
            other = first[step.id]
            there = "line " if other.origin == step.origin else f"{other.origin.file}:"
            says = f"step {step.id!r} is there a second time (first in {there}{other.line})"
            hint = "ids are unique in a runbook, waves counted in"
            if step.origin.via:
                hint += "; write `as: NAME` beside one of the includes, or a parameter into the id"
            yield step.origin.problem(step.line, says, hint)
        first.setdefault(step.id, step)


def _waves_twice(runbook: RunbookText, file: str) -> Iterator[Problem]:
    names = [wave.wave for wave in runbook.waves]
    values = [wave.value for wave in runbook.waves]
    for what, words in (("wave", names), ("value", values)):
        for word in sorted({word for word in words if words.count(word) > 1}):
            yield Problem(file=file, line=1, says=f"waves: {what} {word!r} is there twice", hint="every row moves once")
