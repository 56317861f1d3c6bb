"""Placeholders: replaced once, in values only, and other braces left alone."""

from __future__ import annotations

import pytest

from cutover.model.runbook import Wave
from cutover.project.waves import filled_in, filled_text, wrong_placeholders
from cutover.project.yaml_text import parse, plain

EWR = Wave(name="newark", value="EWR")


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
    assert list(wrong_placeholders(parse(f"a: |-\n  {sql}", "f.yaml", []), "f.yaml", step="s", in_wave=True)) == []


def test_what_a_value_brings_in_is_not_read_again() -> None:
    assert filled_text("{wave.value}", Wave(name="w", value="{wave}")) == "{wave}"


def test_a_misspelt_placeholder_gets_a_suggestion() -> None:
    tree = parse("a: x\nb: of {wav.value}\n", "f.yaml", [])
    (problem,) = wrong_placeholders(tree, "f.yaml", step="s", in_wave=True)

    assert f"{problem.where}: {problem.says}" == "f.yaml:2: step 's': placeholder '{wav.value}' is not known"
    assert problem.hint.startswith("did you mean 'wave.value'?")


def test_a_placeholder_outside_of_waves_means_nothing() -> None:
    (problem,) = wrong_placeholders(parse("a: '{wave}'", "f.yaml", []), "f.yaml", step="s", in_wave=False)

    assert "means nothing outside a phase with for_each: wave" in problem.says


def test_other_braces_outside_of_waves_are_nobodys_business() -> None:
    assert list(wrong_placeholders(parse("a: '{de}'", "f.yaml", []), "f.yaml", step="s", in_wave=False)) == []
