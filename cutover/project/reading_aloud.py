"""A runbook as sentences, as a meeting would read the plan. Pure: the same runbook, the same words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from cutover.model.project import Environment, Mode
from cutover.model.runbook import OnFailure, Runbook, StepSpec
from cutover.project.step_kinds import Kinds, Meaning, asked, meaning_of
from cutover.project.texts import said_seconds

_TWO_WORDS = {"smoke test": "smoke-tests"}
_NO_WAY_BACK = "POINT OF NO RETURN: once this step has begun nothing is rolled back, the only way is forward."


def read_aloud(runbook: Runbook, kinds: Kinds, environment: Environment | None = None) -> list[str]:
    """
    A title, a few sentences on the whole, and per phase a heading with its numbered steps in running order.

    With an environment (the one that the runbook was loaded for) it is what would happen there, steps that are left
    out included.
    """
    steps = [(step, meaning_of(kinds[step.kind].model_validate(dict(step.fields)))) for step in runbook.steps]
    lines = [_title(runbook), *_rules(runbook), *_differs(runbook, environment)]
    end = _end_of_the_way_back(runbook)
    numbered = list(enumerate(steps, start=1))
    for (phase, wave), group in groupby(numbered, key=lambda one: (one[1][0].phase, one[1][0].wave)):
        there = list(group)
        name = f"{phase} {wave.name} ({wave.value})" if wave else phase
        lines.append(f"{name}, {_counted(len(there), 'step')}:")
        for number, (step, meaning) in there:
            sentence = _sentence(number, step, meaning, way_back=number <= end)
            conditions = _conditions(runbook, step, environment)
            lines.append(" ".join([sentence, *_order(runbook, number), *conditions]))
    return lines


def third_person(phrase: str) -> str:
    """`back up old` -> `backs up old`: the first word of an instruction as what somebody does."""
    for words, said in _TWO_WORDS.items():
        if phrase.startswith(words + " "):
            return said + phrase.removeprefix(words)
    verb, blank, rest = phrase.partition(" ")
    if not re.fullmatch(r"[a-z]+", verb):
        return phrase
    if re.search(r"(s|x|z|ch|sh|o)$", verb):
        said = verb + "es"
    elif re.search(r"[^aeiou]y$", verb):
        said = verb[:-1] + "ies"
    else:
        said = verb + "s"
    return said + blank + rest


def _title(runbook: Runbook) -> str:
    steps = _counted(len(runbook.steps), "step")
    owner = f" {_the(runbook.owner)} answers for it." if runbook.owner else ""
    waves = "".join(f", {wave.name} ({wave.value})" for wave in runbook.waves)
    in_waves = f" in {_counted(len(runbook.waves), 'wave')}{waves}" if waves else ""
    return f"{runbook.name}: strategy {runbook.strategy.value}{in_waves}, {steps}.{owner}"


def _rules(runbook: Runbook) -> Sequence[str]:
    last = next((step.id for step in runbook.steps if step.point_of_no_return), None)
    if last is None:
        rule = (
            "There is no point of no return: whenever a step fails, all that was done can be undone, last step first."
        )
    else:
        rule = (
            f"Until {last} begins, all that was done can be undone, last step first; from then on there is no way back."
        )
    rules = [rule, *_limits(runbook)]
    known = [step.expect_seconds for step in runbook.steps if step.expect_seconds is not None]
    if not known:
        return rules
    unknown = len(runbook.steps) - len(known)
    rest = f", without {_counted(unknown, 'step')} that nobody can time" if unknown else ""
    return [*rules, f"It should take {_minutes(sum(known))}{rest}."]


def _limits(runbook: Runbook) -> Iterator[str]:
    if runbook.hard_stop is not None:
        floor = runbook.hard_stop.floor_s
        spare = f", and the way back {said_seconds(floor)} before that" if floor else ""
        yield f"All must be over by {runbook.hard_stop.says()}{spare}."
    if runbook.parallel > 1:
        yield f"Up to {runbook.parallel} steps run side by side."


def _differs(runbook: Runbook, environment: Environment | None) -> Iterator[str]:
    """What the environment puts into the text, and what it has different."""
    where = f"In {environment.name} " if environment else ""
    for name, value in runbook.variables.items():
        yield f"{where}{{{name}}} stands for {value!r}."
    for change in runbook.overrides:
        what = "the environment" if change.step == "environment" else change.step
        yield f"{where}{what} has {change.key} {change.after} instead of {change.before}."
    window = runbook.demands.on(environment).window if environment else None
    if environment is not None and environment.live and window is not None:
        yield f"In {environment.name} a go-live only begins {window.says()}."


def _order(runbook: Runbook, number: int) -> Iterator[str]:
    """What a step comes after, where steps run side by side and it is not simply the one before it."""
    step = runbook.steps[number - 1]
    before = () if number == 1 else (runbook.steps[number - 2].id,)
    if runbook.parallel > 1 and step.after != before:
        yield f"It comes after {_listed(step.after)}." if step.after else "It waits for no other step."


def _conditions(runbook: Runbook, step: StepSpec, environment: Environment | None) -> Iterator[str]:
    if step.when is not None and environment is None:
        yield f"It is carried out only when {step.when.says()}."
    elif environment is not None:
        mode = Mode.LIVE if environment.live else Mode.REHEARSAL
        why = runbook.why_skipped(step, environment=environment.name, mode=mode)
        if why:
            yield f"LEFT OUT in {environment.name}: {why}."
    if step.window is not None and (environment is None or environment.live):
        yield f"A live run begins it only {step.window.says()}."


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _end_of_the_way_back(runbook: Runbook) -> int:
    """How many steps come before the point of no return."""
    numbers = (number for number, step in enumerate(runbook.steps) if step.point_of_no_return)
    return next(numbers, len(runbook.steps))


def _sentence(number: int, step: StepSpec, meaning: Meaning, *, way_back: bool) -> str:
    loud = f"{_NO_WAY_BACK} " if step.point_of_no_return else ""
    return f"{number}. {loud}{_what(step, meaning)} {_and_then(step, meaning, way_back=way_back)}"


def _what(step: StepSpec, meaning: Meaning) -> str:
    said = meaning.says()
    names_its_people = any(said.startswith(f"{role} ") for role in asked(meaning))
    if names_its_people:
        said = _the(said)
    elif step.by:
        said = f"{_the(step.by)} {third_person(said)}"
    else:
        said = said[:1].upper() + said[1:]
    expected = "" if step.expect_seconds is None else f" (expected {said_seconds(step.expect_seconds)})"
    return f"{said}{expected}{'' if (said + expected).endswith(('.', '?', '!')) else '.'}"


def _and_then(step: StepSpec, meaning: Meaning, *, way_back: bool) -> str:
    if asked(meaning) and not meaning.effects:
        return "The run waits for the answer."
    if not meaning.effects:
        undo = "It changes nothing"
    else:
        undo = "It can be undone" if meaning.undoable() else "It cannot be undone"
    if not way_back or step.on_failure is OnFailure.STOP:
        return f"{undo}; if it fails, the run stops and asks."
    return f"{undo}; if it fails, the run rolls back."


def _the(role: str) -> str:
    """`The dba`; a name (`Ana`) stays a name."""
    return role if role[:1].isupper() else f"The {role}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _minutes(seconds: float) -> str:
    whole = round(seconds)
    return said_seconds(seconds) if whole < 120 else f"{whole // 60} min {whole % 60} s".removesuffix(" 0 s")
