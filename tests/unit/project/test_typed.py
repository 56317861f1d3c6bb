"""What Pydantic finds wrong, said with file, line and the nearest known key."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import Field

from cutover.project.texts import Flag, Listed, Strict, Whole
from cutover.project.typed import bare_values, lenient_readings, typed
from cutover.project.yaml_text import parse


class Inner(Strict):
    step: str
    size: Whole = 1
    colour: Literal["red", "green"] = "red"


class Outer(Strict):
    name: str
    ready: Flag = False
    inner: tuple[Inner, ...] = ()
    after: Listed = ()
    named: dict[str, Inner] = Field(default={})
    source: str | None = Field(default=None, alias="from")


class Lenient(Strict):
    number: int = 0
    flag: bool = False
    weight: float = 0.0
    several: tuple[int, ...] = ()


def says(text: str) -> list[str]:
    _, problems = typed(Outer, parse(text, "f.yaml", []), "f.yaml")
    return [f"{problem.where}: {problem.says}" for problem in problems]


def test_what_fits_is_made() -> None:
    made, problems = typed(Outer, parse("name: x\nready: true\nafter: one\nfrom: there\n", "f.yaml", []), "f.yaml")

    assert problems == []
    assert made == Outer.model_validate({"name": "x", "ready": "true", "after": ["one"], "from": "there"})


def test_an_unknown_key_gets_the_nearest_known_one() -> None:
    _, (problem,) = typed(Outer, parse("name: x\nredy: true\n", "f.yaml", []), "f.yaml")

    assert (problem.where, problem.says) == ("f.yaml:2", "key 'redy' is not known")
    assert problem.hint == "did you mean 'ready'? known keys: after, from, inner, name, named, ready"


def test_an_unknown_key_deep_inside_is_compared_with_the_keys_of_that_place() -> None:
    text = "name: x\nnamed:\n  a: {step: s}\n  b:\n    step: t\n    colr: red\n"
    _, (problem,) = typed(Outer, parse(text, "f.yaml", []), "f.yaml")

    assert (problem.where, problem.says) == ("f.yaml:6", "named.b: key 'colr' is not known")
    assert problem.hint == "did you mean 'colour'? known keys: colour, size, step"


def test_unknown_keys_do_not_hide_what_else_is_wrong() -> None:
    text = "name: x\nredy: true\ninner: [{step: a, sise: 2}, {step: b}]\n"
    made, problems = typed(Outer, parse(text, "f.yaml", []), "f.yaml")

    assert len(problems) == 2
    assert made == Outer.model_validate({"name": "x", "inner": [{"step": "a"}, {"step": "b"}]})


def test_an_unknown_key_inside_an_alternative() -> None:
    class Either(Strict):
        one: Inner | list[str]

    made, problems = typed(Either, parse("one: {step: a, sise: 2}\n", "f.yaml", []), "f.yaml")

    assert made is None
    assert "key 'sise' is not known" in problems[0].says and problems[0].line == 1


def test_all_problems_are_told_each_with_its_line() -> None:
    assert says("ready: yes\ninner:\n  - step: a\n    size: big\n  - {size: 2}\n") == [
        "f.yaml:1: key 'name' is missing",
        "f.yaml:1: 'ready' must be true or false, not 'yes'",
        "f.yaml:4: inner.a: 'size' must be a whole number, not 'big'",
        "f.yaml:5: inner.2: key 'step' is missing",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: [x]\n", "f.yaml:1: 'name' must be a text, not a list"),
        ("name: x\ninner: a\n", "f.yaml:2: 'inner' must be a list, not 'a'"),
        ("name: x\nnamed: a\n", "f.yaml:2: 'named' must be keys with values, not 'a'"),
        ("name: x\ninner: [a]\n", "f.yaml:2: inner: entry 1 must be keys with values, not 'a'"),
        ("name: x\nafter: {a: b}\n", "f.yaml:2: 'after' must be a list, not keys with values"),
    ],
)
def test_a_wrong_shape_is_said_in_plain_words(text: str, said: str) -> None:
    assert says(text) == [said]


def test_a_wrong_choice_gets_the_choices_and_the_nearest() -> None:
    _, (problem,) = typed(Outer, parse("name: x\ninner: [{step: a, colour: gren}]\n", "f.yaml", []), "f.yaml")

    assert problem.says == "inner.a: 'colour' must be 'red' or 'green', not 'gren'"
    assert problem.hint == "did you mean 'green'?"


def test_a_key_without_a_value_is_told_once() -> None:
    tree = parse("name:\nready:\n", "f.yaml", [])

    assert typed(Outer, tree, "f.yaml") == (None, [])
    assert [problem.says for problem in bare_values(tree, "f.yaml")] == [
        "key 'name' has no value",
        "key 'ready' has no value",
    ]


def test_a_key_without_a_value_is_a_problem() -> None:
    (problem,) = bare_values(parse("a:\n  b:\n  c: 1\n", "f.yaml", []), "f.yaml")

    assert f"{problem.where}: {problem.says}" == "f.yaml:2: a: key 'b' has no value"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("flag: yes", "'flag' must be true or false, not 'yes'"),
        ("flag: on", "'flag' must be true or false, not 'on'"),
        ("number: 1.0", "'number' must be a whole number, not '1.0'"),
        ("several: [1, 2.0]", "several: entry 2 must be a whole number, not '2.0'"),
        ("weight: inf", "'weight' must be a number, not 'inf'"),
    ],
)
def test_case_52_lenient_readings_of_a_class_of_its_own_are_problems(text: str, said: str) -> None:
    tree = parse(text, "f.yaml", [])
    made, _ = typed(Lenient, tree, "f.yaml")
    assert made is not None

    assert [problem.says for problem in lenient_readings(made, tree, "f.yaml")] == [said]


def test_exact_texts_of_a_class_of_its_own_are_none() -> None:
    tree = parse("flag: true\nnumber: 12\nweight: 1.5\nseveral: [1, 2]\n", "f.yaml", [])
    made, _ = typed(Lenient, tree, "f.yaml")
    assert made is not None

    assert lenient_readings(made, tree, "f.yaml") == []
