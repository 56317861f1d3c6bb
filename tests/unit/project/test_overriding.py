"""Overrides: what an environment may have different, and that production only tightens."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import Field

from cutover.kinds import KINDS as REAL_KINDS
from cutover.model.project import People
from cutover.model.runbook import OnFailure, Override
from cutover.project import digests, lint, load_runbook, step_digests
from cutover.project.tightening import RULES, rule_of
from tests.unit.project.made_up import KINDS, Say, runbook_text, write
from tests.unit.project.places import at, linted, refused, several

NIGHT = "window: {days: [sat, sun], from: 22:00, to: 04:00, zone: Europe/Berlin}"
STEPS = (f"a, say: {{}}, retry: {{tries: 3, wait: 2 s}}, {NIGHT}", "b, say: {}")


def text(*changes: str, steps: tuple[str, ...] = STEPS, environment: str = "production") -> str:
    listed = ", ".join(changes)
    return runbook_text(*steps, head=f"strategy: one-shot\noverrides: {{{environment}: {{{listed}}}}}")


def test_an_override_counts_in_its_environment_only(tmp_path: Path) -> None:
    project = several(tmp_path)
    book = text("a: {retry: {tries: 1}, if_it_fails: stop}")
    here, there = at(project, "production", book), at(project, "test", book)

    assert (here.step("a").retry.tries, here.step("a").retry.wait_seconds) == (1, 2.0)
    assert (there.step("a").retry.tries, here.step("b").retry.tries) == (3, 3)
    assert (here.step("a").on_failure, there.step("a").on_failure) == (OnFailure.STOP, OnFailure.ROLL_BACK)
    assert here.overrides == (
        Override(step="a", key="retry.tries", before="3", after="1"),
        Override(step="a", key="if_it_fails", before="roll back", after="stop"),
    )
    assert there.overrides == at(project, "", book).overrides == ()


def test_what_was_rehearsed_has_the_same_digests_and_includes_the_overrides(tmp_path: Path) -> None:
    project = several(tmp_path)
    one = text("a: {retry: {tries: 1}}")
    here, there = at(project, "production", one), at(project, "test", one)
    rehearsed, steps = digests(project, there, KINDS).semantic, step_digests(there)

    assert digests(project, here, KINDS).semantic == rehearsed and step_digests(here) == steps
    other = at(project, "test", one.replace("tries: 1", "tries: 2"))
    assert digests(project, other, KINDS).semantic != rehearsed
    assert [step for step, digest in step_digests(other).items() if digest != steps[step]] == ["a"]


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ("a: {retry: {tries: 4}}", "'retry.tries' is 3 and may only go down: fewer tries; this says 4"),
        (
            f"a: {{{NIGHT.replace('22:00', '21:00')}}}",
            "'window' is sat, sun from 22:00 to 04:00 (Europe/Berlin) and may only become narrower, in the same zone",
        ),
        (f"a: {{{NIGHT.replace('Europe/Berlin', 'UTC')}}}", "'window' is sat, sun from 22:00 to 04:00 (Europe/Berlin)"),
    ],
)
def test_where_users_work_an_override_only_tightens(tmp_path: Path, change: str, allowed: str) -> None:
    said = refused(several(tmp_path), "production", text(change))

    assert said.startswith(f"runbooks/x.yaml:3: overrides.production.a: {allowed}")
    assert said.endswith("\nenvironment 'production' is live, where an override may only tighten")


@pytest.mark.parametrize("change", ["a: {retry: {tries: 9}}", f"a: {{{NIGHT.replace('22:00', '21:00')}}}"])
def test_elsewhere_it_may_go_either_way(tmp_path: Path, change: str) -> None:
    assert len(at(several(tmp_path), "test", text(change, environment="test")).overrides) == 1


@pytest.mark.parametrize(
    ("change", "window"),
    [
        (f"a: {{{NIGHT.replace('22:00', '23:00')}}}", "sat, sun from 23:00 to 04:00 (Europe/Berlin)"),
        (f"b: {{{NIGHT}}}", "sat, sun from 22:00 to 04:00 (Europe/Berlin)"),
    ],
)
def test_a_window_becomes_narrower(tmp_path: Path, change: str, window: str) -> None:
    step = at(several(tmp_path), "production", text(change)).step(change[0])

    assert step.window is not None and step.window.says() == window


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("a: {expect: 2 s}", "expect"),
        ("a: {say: {words: x}}", "say.words"),
        ("a: {by: dba}", "by"),
        ("a: {after: b}", "after"),
        ("a: {when: {mode: live}}", "when.mode"),
        ("a: {point_of_no_return: true}", "point_of_no_return"),
        ("a: {retry: {wait: 1 s}}", "retry.wait"),
        ("a: {change: {in: new}}", "change.in"),
        ("a: {step: z}", "step"),
        ("a: {retry: 3}", "retry"),
    ],
)
@pytest.mark.parametrize("environment", ["test", "production"])
def test_everything_else_is_the_same_everywhere(tmp_path: Path, environment: str, change: str, key: str) -> None:
    said = refused(several(tmp_path), environment, text(change, environment=environment))

    assert f"overrides.{environment}.a: {key!r} must be the same in every environment" in said
    assert "keys that may differ: if_it_fails, retry.tries, window" in said


def test_an_override_is_typed_like_the_step(tmp_path: Path) -> None:
    said = refused(several(tmp_path), "production", text("a: {retry: {tries: 0}}"))

    assert said.startswith("runbooks/x.yaml:3: overrides.production.a: retry: 'tries' must be at least 1, not '0'")


@pytest.mark.parametrize(
    ("book", "said"),
    [
        (text("c: {retry: {tries: 1}}"), "x.yaml:3: overrides.production: step 'c' is not there"),
        (text("a: {}", environment="prodction"), "x.yaml:3: overrides: environment 'prodction' is not in cutover.yaml"),
        (text("a: {}", environment="prodction"), "did you mean 'production'?"),
        (text("a: 3"), "overrides.production: 'a' must be keys with values, not '3'"),
    ],
)
def test_names_that_are_not_there(tmp_path: Path, book: str, said: str) -> None:
    assert said in refused(several(tmp_path), "production", book)


def test_a_step_of_waves_is_overridden_in_all_or_in_one(tmp_path: Path) -> None:
    head = "strategy: phased\nwaves: [{wave: north, value: N}, {wave: south, value: S}]\noverrides: {production: "
    steps = runbook_text("a, say: {}", head=head + "{a: {retry: {tries: 2}}, a-south: {retry: {tries: 1}}}}")
    book = at(several(tmp_path), "production", steps.replace("phase: Move", "phase: Move\n    for_each: wave"))

    assert [step.retry.tries for step in book.steps] == [2, 1]


def test_a_step_of_a_snippet_is_overridden_and_told_of_in_the_runbook(tmp_path: Path) -> None:
    project = several(tmp_path)
    write(tmp_path, "snippets/s.yaml", "snippet: s\nsteps:\n\n\n\n\n\n  - {step: a, say: {}}\n")
    book = text("a: {retry: {tries: 2}}", steps=()) + "      - {include: snippets/s.yaml}\n"

    assert at(project, "production", book).step("a").retry.tries == 2
    said = refused(project, "production", book.replace("tries: 2", "tries: 0"))
    assert said.startswith("runbooks/x.yaml:3: overrides.production.a: retry: 'tries' must be at least 1")


def test_lint_tells_of_every_environment(tmp_path: Path) -> None:
    book = text("a: {retry: {tries: 4}}")

    assert [line.split(";")[0] for line in linted(several(tmp_path), book)] == [
        "error: runbooks/x.yaml:3: overrides.production.a: 'retry.tries' is 3 and may only go down: fewer tries"
    ]


# What a runbook asks of the environment itself.


def asked(change: str, environment: str = "production") -> str:
    return text(f"environment: {{{change}}}", environment=environment)


def test_a_runbook_may_ask_more_of_an_environment(tmp_path: Path) -> None:
    project = several(tmp_path, test="    people: simulated\n")
    more = "requires: [{environment: test, at_least: 3, rollback_rehearsed: true}]"
    book = at(project, "production", asked(f"{more}, {NIGHT}"))
    where = book.demands.on(project.environments["production"])

    assert [(one.environment, one.at_least, one.rollback_rehearsed) for one in where.requires] == [
        ("test", 1, False),
        ("test", 3, True),
    ]
    assert where.window is not None and where.window.says() == "sat, sun from 22:00 to 04:00 (Europe/Berlin)"
    assert [(one.step, one.key) for one in book.overrides] == [("environment", "requires"), ("environment", "window")]
    there = at(project, "test", asked("people: required", "test"))
    assert there.demands.on(project.environments["test"]).people is People.REQUIRED
    assert there.overrides == (Override(step="environment", key="people", before="simulated", after="required"),)


def test_without_a_word_an_environment_is_as_it_is(tmp_path: Path) -> None:
    project = several(tmp_path)
    where = project.environments["production"]

    assert at(project, "production", asked(NIGHT, "test")).demands.on(where) == where


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            "people: simulated",
            "'people' is required and may only change from 'simulated' to 'required'; this says simulated",
        ),
        (
            "window: {zone: Europe/Berlin}",
            "'window' is sat, sun from 22:00 to 04:00 (Europe/Berlin) and may only become narrower, in the same zone; ",
        ),
        ("requires: [{environment: tset}]", "requires: environment 'tset' is not in cutover.yaml"),
        ("requires: [{environment: production}]", "requires: environment 'production' is live, so nothing can be"),
        ("requires: [{environment: test, at_least: 0}]", "'at_least' must be at least 1, not '0'"),
        ("live: true", "key 'live' is not known"),
        ("poeple: required", "did you mean 'people'?"),
    ],
)
def test_a_runbook_asks_less_of_no_live_environment(tmp_path: Path, change: str, said: str) -> None:
    project = several(tmp_path, production=f"    {NIGHT}\n")
    told = refused(project, "production", asked(change))

    assert said in told and told.startswith("runbooks/x.yaml:3: overrides.production.environment")


# The rules of the real kinds, each in both directions.

TIGHTER: dict[str, tuple[Any, Any]] = {
    "*.at_most": (5, 4),
    "approve.needs": (1, 2),
    "approve.quorum": ({"dba": 1}, {"dba": 1, "lead": 1}),
    "approve.by": (("dba", "lead"), ("dba",)),
    "approve.facts": (("a",), ("a", "b")),
    "approve.expires": ("2 h", "30 min"),
    "manual.evidence": ("optional", "required"),
    "check.checks": ((1,), (1, 2)),
    "check.empty": ((), ("x",)),
    "smoke.checks": ((1,), (1, 2)),
    "validate.tables": (("a",), ("a", "b")),
    "reconcile.totals": (False, True),
    "reconcile.fingerprints": (False, True),
    "environment.people": ("simulated", "required"),
    "environment.requires": (("a",), ("a", "b")),
    "if_it_fails": ("roll back", "stop"),
    "retry.tries": (3, 2),
}


@pytest.mark.parametrize("key", sorted(TIGHTER))
def test_a_rule_knows_which_way_is_tighter(key: str) -> None:
    looser, tighter = TIGHTER[key]
    rule = RULES[key]

    assert rule.tighter(looser, tighter) and rule.tighter(looser, looser) and not rule.tighter(tighter, looser)


def test_every_rule_is_tried() -> None:
    assert sorted(TIGHTER) == sorted(RULES.keys() - {"window", "environment.window"})


@pytest.mark.parametrize(("key", "there"), [("approve.expires", "1 h"), ("*.at_most", 3), ("approve.facts", ("a",))])
def test_what_was_not_limited_is_tighter_with_any_limit(key: str, there: Any) -> None:
    assert RULES[key].tighter(None, there) and not RULES[key].tighter(there, None)


def test_every_rule_is_about_a_key_that_there_is() -> None:
    for key in RULES:
        kind, _, name = key.partition(".")
        if kind in REAL_KINDS:
            fields = REAL_KINDS[kind].model_fields
            assert name in {field.alias or one for one, field in fields.items()}, key


def test_a_limit_of_any_kind_goes_down(tmp_path: Path) -> None:
    class Limited(Say):
        kind: ClassVar[str] = "limited"
        at_most: int = Field(default=9, ge=0)

    project = several(tmp_path)
    path = write(tmp_path, "runbooks/x.yaml", text("a: {limited: {at_most: 4}}", steps=("a, limited: {}",)))
    kinds = {**KINDS, "limited": Limited}
    book = load_runbook(project, path, kinds, project.environments["production"])

    assert book.overrides == (Override(step="a", key="limited.at_most", before="9", after="4"),)
    assert book.step("a").fields == {"at_most": "4"}
    path.write_text(path.read_text().replace("at_most: 4", "at_most: 10"))
    assert "may only go down: fewer exceptions; this says 10" in lint(project, kinds)[0].says


def test_a_gate_of_the_real_kind(tmp_path: Path) -> None:
    gate = ("a, approve: {by: [dba, lead], question: Shall we?}",)
    project = several(tmp_path)
    path = write(tmp_path, "runbooks/x.yaml", text("a: {approve: {needs: 2, by: [lead]}}", steps=gate))
    book = load_runbook(project, path, REAL_KINDS, project.environments["production"])

    assert [(one.key, one.before, one.after) for one in book.overrides] == [
        ("approve.needs", "1", "2"),
        ("approve.by", "dba, lead", "lead"),
    ]
    assert rule_of("approve.question") is None
