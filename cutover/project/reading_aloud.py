"""A runbook as sentences, as a meeting would read the plan. Pure: the same runbook, the same words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from cutover.model.runbook import OnFailure, Runbook, StepSpec
from cutover.project.step_kinds import Kinds, Meaning, asked, meaning_of
from cutover.project.texts import said_seconds

_TWO_WORDS = {"smoke test": "smoke-tests"}
_NO_WAY_BACK = "POINT OF NO RETURN: once this step has begun nothing is rolled back, the only way is forward."


def read_aloud(runbook: Runbook, kinds: Kinds) -> list[str]:
    """A title, a few sentences on the whole, and per phase a heading with its numbered steps in running order."""
    steps = [(step, meaning_of(kinds[step.kind].model_validate(dict(step.fields)))) for step in runbook.steps]
    lines = [_title(runbook), *_rules(runbook)]
    end = _end_of_the_way_back(runbook)
    numbered = list(enumerate(steps, start=1))
    for (phase, wave), group in groupby(numbered, key=lambda one: (one[1][0].phase, one[1][0].wave)):
        there = list(group)
        name = f"{phase} {wave.name} ({wave.value})" if wave else phase
        lines.append(f"{name}, {_counted(len(there), 'step')}:")
        lines += [_sentence(number, step, meaning, way_back=number <= end) for number, (step, meaning) in there]
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
    known = [step.expect_seconds for step in runbook.steps if step.expect_seconds is not None]
    if not known:
        return [rule]
    unknown = len(runbook.steps) - len(known)
    rest = f", without {_counted(unknown, 'step')} that nobody can time" if unknown else ""
    return [rule, f"It should take {_minutes(sum(known))}{rest}."]


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
