"""Placeholders: replaced once, in values only, and other braces left alone."""

from __future__ import annotations

import pytest

from cutover.model.runbook import Wave
from cutover.project.placeholders import filled_in, filled_text, of_wave, wrong_placeholders
from cutover.project.problems import Origin, Problem
from cutover.project.yaml_text import Items, Text, parse, plain

EWR = of_wave(Wave(name="newark", value="EWR"))


def wrong(text: str, *known: str, in_wave: bool) -> list[Problem]:
    tree = parse(text, "f.yaml", [])
    return list(wrong_placeholders(tree, Origin(file="f.yaml"), way="step 's'", known=known, in_wave=in_wave))


def test_name_and_value_are_replaced_in_values_at_every_depth() -> None:
    tree = parse("for: '{wave.value}'\nchecks:\n  - {says: 'of {wave} ({wave.value})'}\n", "f.yaml", [])

    assert plain(filled_in(tree, EWR)) == {"for": "EWR", "checks": [{"says": "of newark (EWR)"}]}


def test_keys_are_not_touched() -> None:
    assert plain(filled_in(parse("'{wave}': x", "f.yaml", []), EWR)) == {"{wave}": "x"}


@pytest.mark.parametrize(
    "sql", ["'{}'", "'{1,2}'::int[]", "'{\"a\": 1}'", "'{ de }'", "x ~ '^a{2,3}$'", "'{a,b}'", "{{}}"]
)
def test_braces_of_sql_survive(sql: str) -> None:
    assert filled_text(sql, EWR) == sql
    assert wrong(f"a: |-\n  {sql}", in_wave=True) == []


def test_what_a_value_brings_in_is_not_read_again() -> None:
    assert filled_text("{wave.value}", of_wave(Wave(name="w", value="{wave}"))) == "{wave}"


def test_a_misspelt_placeholder_gets_a_suggestion() -> None:
    (problem,) = wrong("a: x\nb: of {wav.value}\n", in_wave=True)

    assert f"{problem.where}: {problem.says}" == "f.yaml:2: step 's': placeholder '{wav.value}' is not known"
    assert problem.hint.startswith("did you mean 'wave.value'?")


def test_a_placeholder_outside_of_waves_means_nothing() -> None:
    (problem,) = wrong("a: '{wave}'", in_wave=False)

    assert "means nothing outside a phase with for_each: wave" in problem.says


def test_other_braces_outside_of_waves_are_nobodys_business() -> None:
    assert wrong("a: '{de}'", in_wave=False) == []


def test_where_something_could_be_replaced_every_word_is_known() -> None:
    (problem,) = wrong("a: '{stie}'", "site", in_wave=False)

    assert problem.says == "step 's': placeholder '{stie}' is not known"
    assert problem.hint.startswith("did you mean 'site'? known placeholders: site;")


def test_a_list_stands_where_its_word_is_all_of_the_text() -> None:
    tables = Items((Text("a", 9), Text("b", 9)), 9)
    tree = parse("tables: '{tables}'\nsays: 'all of {tables}'", "f.yaml", [])

    assert plain(filled_in(tree, {"tables": tables})) == {"tables": ["a", "b"], "says": "all of {tables}"}
