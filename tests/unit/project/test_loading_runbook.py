"""Runbooks: what their text becomes, and every way in which it can be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.model.runbook import OnFailure, RetryRule, Strategy, Wave
from cutover.project import load_runbook
from cutover.project.loading_migration import read_migrations
from cutover.project.loading_runbook import read_runbook
from cutover.project.problems import WrongFile
from tests.unit.project.made_up import KINDS, MIGRATION, project, refusal, runbook, runbook_text, write

WAVES = "strategy: phased\nwaves: [{wave: north, value: N}, {wave: south, value: S}]"


def phased(*steps: str) -> str:
    return runbook_text(*steps, head=WAVES).replace("phase: Move", "phase: Move\n    for_each: wave")


def after(root: Path, text: str) -> dict[str, tuple[str, ...]]:
    return {step.id: step.after for step in runbook(root, text).steps}


def test_a_runbook_becomes_a_value(tmp_path: Path) -> None:
    made = runbook(tmp_path, runbook_text("a, say: {}", head="strategy: one-shot\nowner: lead"))

    assert (made.name, made.strategy, made.owner, made.waves) == ("Shop", Strategy.ONE_SHOT, "lead", ())
    assert made.path == tmp_path / "runbooks/x.yaml"


def test_common_keys_of_a_step(tmp_path: Path) -> None:
    text = runbook_text(
        "first, say: {}",
        "second, say: {words: no}, after: first, by: dba, expect: 3 min, retry: {tries: 5, wait: 500 ms}, "
        "if_it_fails: stop, point_of_no_return: true",
    )
    step = runbook(tmp_path, text).step("second")

    assert (step.kind, step.fields, step.phase, step.by) == ("say", {"words": "no"}, "Move", "dba")
    assert (step.after, step.expect_seconds, step.line) == (("first",), 180.0, 7)
    assert step.retry == RetryRule(tries=5, wait_seconds=0.5)
    assert (step.on_failure, step.point_of_no_return) == (OnFailure.STOP, True)


def test_defaults_of_a_step(tmp_path: Path) -> None:
    step = runbook(tmp_path, runbook_text("a, say: {}")).step("a")

    assert (step.after, step.by, step.expect_seconds, step.retry) == ((), "", None, RetryRule())
    assert (step.on_failure, step.point_of_no_return, step.wave) == (OnFailure.ROLL_BACK, False, None)


def test_a_kind_with_nothing_under_it_has_its_defaults(tmp_path: Path) -> None:
    assert runbook(tmp_path, runbook_text("a, say: ")).step("a").fields == {}


def test_case_52_fields_stay_the_text_that_was_written(tmp_path: Path) -> None:
    assert runbook(tmp_path, runbook_text("a, say: {words: 22:00, times: 007}")).step("a").fields == {
        "words": "22:00",
        "times": "007",
    }


def test_without_after_a_step_comes_after_the_one_before_it(tmp_path: Path) -> None:
    text = runbook_text("a, say: {}", "b, say: {}", "c, say: {}, after: []", "d, say: {}")

    assert after(tmp_path, text) == {"a": (), "b": ("a",), "c": (), "d": ("c",)}


def test_steps_run_after_what_they_wait_for(tmp_path: Path) -> None:
    text = runbook_text("a, say: {}, after: c", "b, say: {}, after: []", "c, say: {}")

    assert [step.id for step in runbook(tmp_path, text).steps] == ["b", "c", "a"]


def test_the_schema_of_the_fields_is_the_kinds_own(tmp_path: Path) -> None:
    said = refusal(tmp_path, runbook_text("a, say: {wrds: no, loud: yes, times: 0}"))

    assert "runbooks/x.yaml:6: step 'a': say: key 'wrds' is not known" in said
    assert "step 'a': say: 'times' must be at least 1, not '0'" in said
    assert "did you mean 'words'?" in said


def test_case_52_a_flag_of_a_kind_is_true_or_false(tmp_path: Path) -> None:
    said = refusal(tmp_path, runbook_text("a, say: {loud: yes}"))

    assert said.startswith("runbooks/x.yaml:6: step 'a': say: 'loud' must be true or false, not 'yes'")


def test_all_that_is_wrong_is_told(tmp_path: Path) -> None:
    text = runbook_text("a, say: {wrds: no}, expct: 1 s", "b, tell: {}", "A, say: {}").replace("Shop", "Shop\nownr: me")
    said = refusal(tmp_path, text)

    assert [line.split(": ")[0] for line in said.splitlines()[:5]] == [
        "runbooks/x.yaml:2",
        "runbooks/x.yaml:7",
        "runbooks/x.yaml:7",
        "runbooks/x.yaml:8",
        "runbooks/x.yaml:9",
    ]
    assert "did you mean 'owner'?" in said and "did you mean 'expect'?" in said


def test_a_misspelt_key_does_not_hide_what_else_is_wrong(tmp_path: Path) -> None:
    text = runbook_text("a, change: {in: nwe, tabels: []}", "b, say: {}, after: c").replace("Shop", "Shop\nownr: me")
    said = refusal(tmp_path, text)

    assert "key 'ownr' is not known" in said and "key 'tabels' is not known" in said
    assert "no environment has a database 'nwe'" in said and "'after' names step 'c'" in said


def test_case_52_keys_that_stand_twice_are_told_with_everything_else(tmp_path: Path) -> None:
    said = refusal(tmp_path, runbook_text("a, say: {}, say: {}, expct: 1 s"))

    assert "runbooks/x.yaml:6: key 'say' stands here a second time" in said
    assert "key 'expct' is not known" in said


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (("a",), "x.yaml:6: step 'a': no key says what kind of step it is"),
        (("a, say: {}, change: {}",), "x.yaml:6: step 'a': several keys name its kind: say, change"),
        (("a, say: [x]",), "x.yaml:6: step 'a': say: keys with values must stand here"),
        (("Copy It, say: {}",), "must be small letters, digits and '-', like copy-flights, not 'Copy It'"),
        (("a, say: {}", "a, say: {}"), "x.yaml:7: step 'a' is there a second time (first in line 6)"),
        (("a, say: {}", "b, say: {}, after: aa"), "x.yaml:7: step 'b': 'after' names step 'aa', which is not there"),
        (("a, say: {}, after: a",), "x.yaml:6: step 'a' waits for itself"),
        (("a, say: {}, by: ",), "x.yaml:6: phases.Move.steps.a: key 'by' has no value"),
        (("a, say: {}, expect: 1:30",), "'expect' must be a duration like 20 s, 3 min, 2 h or 21 d, not '1:30'"),
        (("a, say: {}, retry: {tries: 0}",), "phases.Move.steps.a.retry: 'tries' must be at least 1, not '0'"),
    ],
)
def test_wrong_steps(tmp_path: Path, steps: tuple[str, ...], said: str) -> None:
    assert said in refusal(tmp_path, runbook_text(*steps))


def test_a_cycle_is_one_problem_that_names_its_steps(tmp_path: Path) -> None:
    said = refusal(tmp_path, runbook_text("a, say: {}", "b, say: {}, after: [d]", "c, say: {}", "d, say: {}"))

    assert said.startswith("runbooks/x.yaml:7: steps wait for each other: 'b' after 'd' after 'c' after 'b'\n")
    assert said.count("runbooks/x.yaml") == 1


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("strategy: one_shot", "x.yaml:2: 'strategy' must be 'one-shot', 'phased' or 'parallel', not 'one_shot'"),
        ("strategy: parallel", "x.yaml:2: strategy 'parallel' needs change capture, which this version does not have"),
        ("strategy: phased", "x.yaml:2: strategy 'phased' needs waves"),
        (WAVES, "x.yaml:3: there are waves, and no phase is for each of them"),
    ],
)
def test_wrong_strategies(tmp_path: Path, head: str, said: str) -> None:
    assert said in refusal(tmp_path, runbook_text("a, say: {}", head=head))


def test_waves_are_not_for_one_shot(tmp_path: Path) -> None:
    text = phased("a, say: {}").replace("strategy: phased", "strategy: one-shot")

    assert "x.yaml:2: strategy 'one-shot' has no waves" in refusal(tmp_path, text)


def test_a_phase_for_each_wave_needs_waves(tmp_path: Path) -> None:
    text = runbook_text("a, say: {}").replace("phase: Move", "phase: Move\n    for_each: wave")

    assert "phase 'Move' is for each wave, and there are no waves" in refusal(tmp_path, text)


def test_a_phase_has_steps(tmp_path: Path) -> None:
    text = runbook_text("a, say: {}") + "  - phase: Empty\n    steps: []\n"

    assert "x.yaml:8: phases.Empty: 'steps' must not be empty" in refusal(tmp_path, text)


def test_a_phase_is_done_once_for_each_wave(tmp_path: Path) -> None:
    made = runbook(tmp_path, phased("copy, say: {words: 'of {wave}'}, by: '{wave} dba'", "look, say: {}"))
    north, south = Wave(name="north", value="N"), Wave(name="south", value="S")

    assert [(step.id, step.wave, step.waves_before, step.by) for step in made.steps] == [
        ("copy-north", north, (), "north dba"),
        ("look-north", north, (), ""),
        ("copy-south", south, (north,), "south dba"),
        ("look-south", south, (north,), ""),
    ]
    assert made.step("copy-south").fields == {"words": "of south"}
    assert made.waves == (north, south)


def test_a_wave_begins_when_the_one_before_has_ended(tmp_path: Path) -> None:
    assert after(tmp_path, phased("a, say: {}", "b, say: {}")) == {
        "a-north": (),
        "b-north": ("a-north",),
        "a-south": ("b-north",),
        "b-south": ("a-south",),
    }


def test_a_wave_waits_for_all_ends_of_the_one_before(tmp_path: Path) -> None:
    text = phased("a, say: {}, after: []", "b, say: {}", "c, say: {}, after: [a]")

    assert after(tmp_path, text)["a-south"] == ("b-north", "c-north")
    assert after(tmp_path, text)["c-south"] == ("a-south",)


def test_after_from_outside_a_phase_of_waves_means_all_waves(tmp_path: Path) -> None:
    text = phased("a, say: {}", "b, say: {}") + "  - phase: End\n    steps: [{step: z, say: {}, after: a}]\n"

    assert after(tmp_path, text)["z"] == ("a-north", "a-south")


def test_what_is_wrong_in_a_phase_of_waves_is_told_once(tmp_path: Path) -> None:
    said = refusal(tmp_path, phased("a, say: {times: many}", "b, say: {}, after: zz"))

    assert said.count("'times' must be a whole number") == 1
    assert said.count("names step 'zz'") == 1


def test_ids_are_unique_with_the_waves_counted_in(tmp_path: Path) -> None:
    text = phased("a, say: {}") + "  - phase: End\n    steps: [{step: a-south, say: {}}]\n"

    assert "step 'a-south' is there a second time" in refusal(tmp_path, text)


def test_waves_are_unique(tmp_path: Path) -> None:
    assert "waves: value 'N' is there twice" in refusal(tmp_path, phased("a, say: {}").replace("value: S", "value: N"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("in: nwe", "no environment has a database 'nwe'"),
        ("tables: [custmer]", "table 'custmer' is in no migration"),
        ("file: gone.sql", "file 'gone.sql' is not there"),
        ("file: migrations", "'migrations' is a folder, not a file"),
        ("file: ../x.sql", "file '../x.sql' is outside of the project folder"),
        ("file: /etc/passwd", "file '/etc/passwd' is outside of the project folder"),
        ('file: "a\\0b"', "'a\\x00b' is no name of a file"),
        ("like: bb", "step 'bb' is not there"),
        ("like: z", "step 'z' runs after it"),
    ],
)
def test_what_a_step_names_must_be_there(tmp_path: Path, fields: str, said: str) -> None:
    (tmp_path.parent / "x.sql").write_text("")
    text = runbook_text("b, say: {}", f"c, change: {{{fields}}}", "z, say: {}")

    assert f"runbooks/x.yaml:7: step 'c': {said}" in refusal(tmp_path, text)


def test_a_table_that_a_step_judges_needs_a_validator(tmp_path: Path) -> None:
    said = refusal(tmp_path, runbook_text("a, say: {}", "b, judge: {tables: [customer]}"))

    assert said.startswith("runbooks/x.yaml:7: step 'b': table 'customer' has no validator")
    assert "write validator: file.py:Class for it in migrations/shop.yaml" in said


def test_a_table_with_a_validator_may_be_judged(tmp_path: Path) -> None:
    judged = MIGRATION.replace("    columns:", "    validator: customer.py:Customer\n    columns:")
    write(tmp_path, "validators/customer.py", "class Customer: ...\n")
    made = project(tmp_path, migration=judged)
    text = runbook_text("b, judge: {tables: [customer]}")

    assert load_runbook(made, write(tmp_path, "runbooks/x.yaml", text), KINDS).steps


def test_an_unknown_table_that_a_step_judges_is_told_once(tmp_path: Path) -> None:
    said = refusal(tmp_path, runbook_text("b, judge: {tables: [custmer]}"))

    assert "table 'custmer' is in no migration" in said
    assert "validator" not in said


def test_a_link_that_leaves_the_project_is_outside(tmp_path: Path) -> None:
    outside = write(tmp_path, "outside/x.sql", "")
    root = tmp_path / "project"
    root.mkdir()
    (root / "x.sql").symlink_to(outside)

    assert "is outside of the project folder" in refusal(root, runbook_text("c, change: {file: x.sql}"))


@pytest.mark.parametrize("written", ["a", "'a-{wave}'"])
def test_a_field_finds_the_step_of_the_same_wave(tmp_path: Path, written: str) -> None:
    made = runbook(tmp_path, phased("a, say: {}", f"b, change: {{like: {written}}}"))

    assert [made.step(f"b-{wave}").fields for wave in ("north", "south")] == [{"like": "a-north"}, {"like": "a-south"}]


def test_missing_undo_before_the_point_of_no_return(tmp_path: Path) -> None:
    said = refusal(tmp_path, runbook_text("a, change: {undo: false}", "b, say: {}, point_of_no_return: true"))

    assert said.startswith("runbooks/x.yaml:6: step 'a': missing undo before the point of no return")


def test_from_the_point_of_no_return_on_nothing_needs_an_undo(tmp_path: Path) -> None:
    text = runbook_text("a, change: {undo: false}, point_of_no_return: true", "b, change: {undo: false}")

    assert len(runbook(tmp_path, text).steps) == 2


def test_before_is_said_of_the_running_order_and_not_of_the_file(tmp_path: Path) -> None:
    text = runbook_text("b, say: {}, after: a, point_of_no_return: true", "a, change: {undo: false}, after: []")

    assert "step 'a': missing undo" in refusal(tmp_path, text)


def test_there_is_one_point_of_no_return(tmp_path: Path) -> None:
    text = runbook_text("a, say: {}, point_of_no_return: true", "b, say: {}, point_of_no_return: true")

    assert "x.yaml:7: step 'b': a second point of no return (the first is step 'a')" in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (("a, say: {}, by: dbaa",), "step 'a': no environment has a role 'dbaa'"),
        (("a, change: {role: boss}",), "step 'a': no environment has a role 'boss'"),
        (
            ("a, change: {}", "b, say: {}, point_of_no_return: true, if_it_fails: roll back"),
            "step 'b': 'roll back' means nothing here",
        ),
        (("a, change: {}, point_of_no_return: true",), "step 'a': nothing before the point of no return has effects"),
        (("a, say: {}", "b, say: {}, point_of_no_return: true"), "step 'b': nothing before the point of no return"),
    ],
)
def test_warnings_do_not_keep_a_runbook_from_running(tmp_path: Path, steps: tuple[str, ...], said: str) -> None:
    made = project(tmp_path)
    path = write(tmp_path, "runbooks/x.yaml", runbook_text(*steps))
    found = read_runbook(made, path, KINDS, read_migrations(made))

    assert [str(problem.severity) for problem in found.problems] == ["warning"]
    assert said in found.problems[0].says
    assert load_runbook(made, path, KINDS) == found.runbook


def test_a_broken_migration_keeps_a_runbook_from_running(tmp_path: Path) -> None:
    made = project(tmp_path, migration="migration: [")
    path = write(tmp_path, "runbooks/x.yaml", runbook_text("a, change: {tables: [customer]}"))

    with pytest.raises(WrongFile) as caught:
        load_runbook(made, path, KINDS)
    assert str(caught.value).startswith("migrations/shop.yaml:1: not YAML")
    assert "customer" not in str(caught.value)


def test_a_runbook_outside_of_the_project_is_refused(tmp_path: Path) -> None:
    made = project(tmp_path / "project")
    path = write(tmp_path, "x.yaml", runbook_text("a, say: {}"))

    with pytest.raises(WrongFile, match="outside of the project folder"):
        load_runbook(made, path, KINDS)


def test_a_relative_path_is_relative_to_the_project(tmp_path: Path) -> None:
    made = project(tmp_path)
    path = write(tmp_path, "runbooks/x.yaml", runbook_text("a, say: {}"))

    assert load_runbook(made, Path("runbooks/x.yaml"), KINDS).path == path
