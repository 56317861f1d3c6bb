"""`when:`: read as data, looked up, and never a way around what must not be left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.model.project import Mode
from cutover.model.runbook import Strategy, When
from tests.unit.project.made_up import runbook_text
from tests.unit.project.places import at, linted, refused, several


def text(
    *steps: str, head: str = "strategy: one-shot\nvariables: {site: {default: berlin, one_of: [berlin, bonn]}}"
) -> str:
    return runbook_text(*steps, head=head)


def test_conditions_are_data_with_one_value_or_several(tmp_path: Path) -> None:
    when = (
        "when: {environment: [test, production], mode: rehearsal, strategy: one-shot, variables: {site: [berlin, bonn]"
    )
    step = at(several(tmp_path), "test", text(f"a, say: {{}}, {when}}}}}")).step("a")

    assert step.when == When(
        environments=("test", "production"),
        modes=(Mode.REHEARSAL,),
        strategies=(Strategy.ONE_SHOT,),
        variables={"site": ("berlin", "bonn")},
    )


def test_a_runbook_says_why_a_step_is_left_out(tmp_path: Path) -> None:
    project = several(tmp_path, production="    variables: {site: bonn}\n")
    book = text("a, say: {}, when: {variables: {site: berlin}}", "b, say: {}")
    test, production = at(project, "test", book), at(project, "production", book)

    assert test.why_skipped(test.step("a"), environment="test", mode=Mode.REHEARSAL) == ""
    assert production.why_skipped(production.step("a"), environment="production", mode=Mode.LIVE) == (
        "only when variable site is 'berlin', and it is 'bonn'"
    )
    assert production.step("b").after == ("a",), "what stands on a step that is left out waits for nothing else"


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("{}", "x.yaml:7: phases.Move.steps.a.when: says nothing; write environment, mode, strategy or variables"),
        ("{env: test}", "phases.Move.steps.a.when: key 'env' is not known"),
        ("{mode: real}", "must be 'rehearsal' or 'live', not 'real'"),
        ("{mode: []}", "'mode' must not be empty"),
        ("{environment: tset}", "step 'a': 'when' names environment 'tset', which is not there"),
        ("{environment: tset}", "did you mean 'test'?"),
        ("{variables: {stie: x}}", "step 'a': 'when' names variable 'stie', which nobody declares"),
        (
            "{variables: {site: ulm}}",
            "'when' names a value that variable 'site' never has: must be one of berlin, bonn",
        ),
        ("production", "'when' must be keys with values, not 'production'"),
    ],
)
def test_a_wrong_condition(tmp_path: Path, when: str, said: str) -> None:
    assert said in refused(several(tmp_path), "", text(f"a, say: {{}}, when: {when}"))


@pytest.mark.parametrize("when", ["{mode: live}", "{environment: production}"])
def test_what_no_rehearsal_carries_out_is_a_warning(tmp_path: Path, when: str) -> None:
    (said,) = linted(several(tmp_path), text(f"a, say: {{}}, when: {when}"))

    assert said.startswith(
        "warning: runbooks/x.yaml:7: step 'a': no rehearsal ever carries it out: 'when' leaves it out"
    )


def test_where_users_work_the_point_of_no_return_is_not_left_out(tmp_path: Path) -> None:
    project = several(tmp_path)
    book = text("a, change: {in: new}", "b, change: {}, point_of_no_return: true, when: {environment: test}")
    said = refused(project, "production", book)

    assert said.startswith(
        "runbooks/x.yaml:8: step 'b': the point of no return is left out in live environment 'production': "
        "only when environment is 'test', and it is 'production'"
    )
    assert at(project, "test", book).step("b").point_of_no_return
    assert [line[:29] for line in linted(project, book)] == ["error: runbooks/x.yaml:8: ste"]


def test_where_users_work_no_step_is_left_out_that_another_rests_on(tmp_path: Path) -> None:
    project = several(tmp_path)
    book = text("back-up, say: {}, when: {mode: rehearsal}", "prove, change: {like: back-up}")

    assert "step 'back-up': step 'prove' rests on it, and it is left out in environment 'production'" in refused(
        project, "production", book
    )
    assert at(project, "test", book).step("prove").fields == {"like": "back-up"}


def test_elsewhere_that_is_a_warning(tmp_path: Path) -> None:
    book = text("back-up, say: {}, when: {environment: production}", "prove, change: {like: back-up}")
    said = linted(several(tmp_path), book)

    assert (
        "warning: runbooks/x.yaml:7: step 'back-up': step 'prove' rests on it, and it is left out in environment 'test'"
        in said
    )


def test_both_may_be_left_out_together(tmp_path: Path) -> None:
    when = "when: {mode: rehearsal}"
    book = text(f"back-up, say: {{}}, {when}", f"prove, change: {{like: back-up}}, {when}", "end, change: {}")

    assert len(at(several(tmp_path), "production", book).steps) == 3


def test_a_strategy_for_snippets(tmp_path: Path) -> None:
    book = at(several(tmp_path), "production", text("a, say: {}, when: {strategy: phased}"))

    assert book.why_skipped(book.step("a"), environment="production", mode=Mode.LIVE).startswith(
        "only when strategy is"
    )
