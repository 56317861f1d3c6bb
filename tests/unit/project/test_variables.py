"""Variables: declared by the runbook, given by environments, and never what decides on what runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.project import digests, step_digests
from cutover.project.problems import WrongFile
from cutover.project.variables import differences
from tests.unit.project.made_up import KINDS, runbook_text
from tests.unit.project.places import at, linted, refused, several

BOTH = {"test": "    variables: {site: leipzig}\n", "production": "    variables: {site: berlin, tries: 2}\n"}


def text(*steps: str, declared: str = "site: text, tries: {type: number, default: 4}") -> str:
    return runbook_text(*steps, head=f"strategy: one-shot\nvariables: {{{declared}}}")


SAY = text("a, say: {words: 'to {site}', times: '{tries}'}, by: '{site} dba'")


def test_an_environment_puts_its_values_into_texts_fields_and_roles(tmp_path: Path) -> None:
    project = several(tmp_path, **BOTH)
    for environment, site, tries in (("test", "leipzig", "4"), ("production", "berlin", "2")):
        book = at(project, environment, SAY)

        assert book.step("a").fields == {"words": f"to {site}", "times": tries}
        assert book.step("a").by == f"{site} dba"
        assert book.variables == {"site": site, "tries": tries}


def test_without_an_environment_it_is_the_default_or_the_first_value_there_is(tmp_path: Path) -> None:
    assert at(several(tmp_path, **BOTH), "", SAY).variables == {"site": "leipzig", "tries": "4"}
    words = text("a, say: {words: '{site}'}", declared="site: text")
    assert at(several(tmp_path), "", words).step("a").fields == {"words": "{site}"}


def test_what_runs_has_the_same_digests_everywhere(tmp_path: Path) -> None:
    """A rehearsal with other values is a rehearsal of the same plan; the values are shown beside it."""
    project = several(tmp_path, **BOTH)
    test, production = (at(project, environment, SAY) for environment in ("test", "production"))

    assert digests(project, test, KINDS) == digests(project, production, KINDS)
    assert step_digests(test) == step_digests(production) == step_digests(at(project, "", SAY))
    assert differences(test.variables, production.variables) == (
        "variable 'site' was 'leipzig' in the rehearsal, and is 'berlin' here",
        "variable 'tries' was '4' in the rehearsal, and is '2' here",
    )
    assert differences({}, {"x": "1"}) == ("variable 'x' was not there in the rehearsal, and is '1' here",)


def test_another_placeholder_or_default_is_another_plan(tmp_path: Path) -> None:
    project = several(tmp_path, **BOTH)
    one = at(project, "test", SAY)
    rehearsed = digests(project, one, KINDS).semantic
    for other in (SAY.replace("to {site}", "of {site}"), SAY.replace("default: 4", "default: 5")):
        assert digests(project, at(project, "test", other), KINDS).semantic != rehearsed
    assert step_digests(at(project, "test", SAY.replace("to {site}", "to leipzig"))) != step_digests(one)


def test_case_52_values_stay_the_text_that_was_written(tmp_path: Path) -> None:
    for written in ("22:00", "1.10", "no", "007", "1:30"):
        project = several(tmp_path, test=f"    variables: {{site: {written}}}\n")

        assert at(project, "test", text("a, say: {words: '{site}'}", declared="site: text")).variables == {
            "site": written
        }


def test_what_a_value_brings_in_is_not_read_again(tmp_path: Path) -> None:
    project = several(tmp_path, test="    variables: {site: '{tries}'}\n")

    assert at(project, "test", SAY).step("a").fields["words"] == "to {tries}"


@pytest.mark.parametrize(
    ("declared", "value", "said"),
    [
        ("x: number", "1.0", "'x' must be a whole number, not '1.0'"),
        ("x: flag", "yes", "'x' must be true or false, not 'yes'"),
        ("x: duration", "1:30", "'x' must be a duration like 20 s"),
        ("x: date", "29.11.2026", "'x' must be a date like 2026-11-20"),
        ("x: time", "9:00", "'x' must be a time of the day like 22:00"),
        ("x: name", "a b", "'x' must be letters, digits, '-' and '_', not 'a b'"),
        ("x: {one_of: [a, b]}", "c", "'x' must be one of a, b, not 'c'"),
    ],
)
def test_a_value_that_does_not_fit_is_told_where_it_stands(
    tmp_path: Path, declared: str, value: str, said: str
) -> None:
    project = several(tmp_path, production=f"    variables: {{x: '{value}'}}\n")
    told = refused(project, "production", text("a, say: {}", declared=declared))

    assert told.startswith(f"cutover.yaml:11: environments.production.variables: {said}")
    assert "declared in runbooks/x.yaml:3" in told


@pytest.mark.parametrize("declared", ["x: number", "x: {type: flag, default: 'true'}", "x: {one_of: [a, b]}"])
def test_values_that_fit(tmp_path: Path, declared: str) -> None:
    value = {"number": "12", "flag": "false", "one_of": "b"}[
        next(one for one in ("number", "flag", "one_of") if one in declared)
    ]
    project = several(tmp_path, test=f"    variables: {{x: '{value}'}}\n")

    assert at(project, "test", text("a, say: {}", declared=declared)).variables == {"x": value}


def test_a_variable_without_a_value_is_refused_where_it_has_none(tmp_path: Path) -> None:
    project = several(tmp_path, test="    variables: {site: leipzig}\n")
    said = refused(project, "production", SAY)

    assert at(project, "test", SAY).variables["site"] == "leipzig"
    assert said.startswith(
        "runbooks/x.yaml:3: variables.site: environment 'production' gives it no value, and there is no"
    )
    assert "write it under environments: production: variables: in cutover.yaml" in said


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ("Site: text", "variables: 'Site' must be small letters, digits and '_'"),
        ("wave: text", "and not wave, not 'wave'"),
        ("db_password: text", "variables: 'db_password' must not be the name of a secret, because every run records"),
        ("site: txt", "variables.site: 'type' must be 'text', 'name', 'number', 'flag'"),
        ("site: {typ: text}", "variables.site: key 'typ' is not known"),
        ("site: {type: number, default: x}", "variables.site: 'default' must be a whole number, not 'x'"),
        ("site: {one_of: []}", "variables.site: 'one_of' must not be empty"),
        ("site: list", "variables.site: a variable is one text; only parameters of snippets are lists"),
        ("site: ", "variables: key 'site' has no value"),
    ],
)
def test_a_wrong_declaration(tmp_path: Path, declared: str, said: str) -> None:
    told = refused(several(tmp_path), "", text("a, say: {}", declared=declared))

    assert said in told and "runbooks/x.yaml:3" in told


def test_case_58_a_secret_among_the_values_is_refused_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(WrongFile) as told:
        several(tmp_path, test="    variables: {api_token: xyzzy-canary}\n")

    assert "cutover.yaml:6: environments.test.variables: 'api_token' must not be the name of a secret" in str(
        told.value
    )
    assert "canary" not in f"{told.value} {told.value.hint}"


def test_an_unknown_word_in_braces_is_refused_where_there_are_variables(tmp_path: Path) -> None:
    said = refused(several(tmp_path, **BOTH), "", text("a, say: {words: 'to {stie}'}"))

    assert "runbooks/x.yaml:7: step 'a': placeholder '{stie}' is not known" in said
    assert "did you mean 'site'? known placeholders: site, tries" in said


def test_a_value_that_breaks_a_field_is_refused_in_that_environment(tmp_path: Path) -> None:
    project = several(tmp_path, test="    variables: {n: 1}\n", production="    variables: {n: 0}\n")
    book = text("a, say: {times: '{n}'}", declared="n: number")

    assert at(project, "test", book).step("a").fields == {"times": "1"}
    assert "runbooks/x.yaml:7: step 'a': say: 'times' must be at least 1, not '0'" in refused(
        project, "production", book
    )
    assert linted(project, book) == [
        "error: runbooks/x.yaml:7: step 'a': say: 'times' must be at least 1, not '0' (in 'production')"
    ]


@pytest.mark.parametrize(
    ("field", "called"),
    [
        ("in: '{x}'", "database"),
        ("tables: ['{x}']", "table"),
        ("file: 'migrations/{x}.yaml'", "file"),
        ("like: '{x}'", "step"),
    ],
)
def test_a_variable_never_decides_on_what_runs(tmp_path: Path, field: str, called: str) -> None:
    """Another file in production than in the rehearsal would have the same digest."""
    value = {"database": "new", "table": "customer", "file": "shop", "step": "first"}[called]
    project = several(tmp_path, test=f"    variables: {{x: {value}}}\n")
    said = refused(project, "test", text("first, say: {}", f"a, change: {{{field}}}", declared="x: text"))

    assert f"runbooks/x.yaml:8: step 'a': variable 'x' decides which {called} it works on" in said


def test_not_even_on_a_step_of_its_own_wave(tmp_path: Path) -> None:
    head = "strategy: phased\nwaves: [{wave: north, value: N}]\nvariables: {x: {default: first}}"
    book = runbook_text("first, say: {}", "a, change: {like: '{x}'}", head=head)
    book = book.replace("phase: Move", "phase: Move\n    for_each: wave")

    assert "variable 'x' decides which step it works on ('first' here)" in refused(several(tmp_path), "test", book)


def test_a_variable_may_stand_beside_such_a_name(tmp_path: Path) -> None:
    project = several(tmp_path, test="    variables: {x: dba}\n")
    book = text("a, change: {in: new, role: '{x}'}", declared="x: text")

    assert at(project, "test", book).step("a").fields == {"in": "new", "role": "dba"}


def test_lint_looks_into_every_environment(tmp_path: Path) -> None:
    project = several(
        tmp_path, test="    variables: {stie: x, tries: x}\n", production="    variables: {site: y, tries: x}\n"
    )

    test, production = "cutover.yaml:6: environments.test", "cutover.yaml:12: environments.production"
    number = "'tries' must be a whole number, not 'x'"
    times = "runbooks/x.yaml:7: step 'a': say: 'times' must be a whole number, not 'x'"
    missing = "variables.site: environment 'test' gives it no value, and there is no default"
    assert sorted(linted(project, SAY.replace(", by: '{site} dba'", ""))) == [
        f"error: {production}.variables: {number}",
        f"error: {times} (in 'production')",
        f"warning: {test}.variables: {number}",
        f"warning: {test}.variables: no runbook declares a variable 'stie'",
        f"warning: runbooks/x.yaml:3: {missing}",
        f"warning: {times} (in 'test')",
    ]
