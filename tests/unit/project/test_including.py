"""Snippets: what an include becomes, where each problem is told, and everything that is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.model.runbook import Runbook
from cutover.project import digests, lint, load_runbook
from cutover.project.including import MOST_STEPS
from cutover.project.problems import WrongFile
from tests.unit.project.made_up import KINDS, project, runbook_text, write

PAIR = """\
snippet: Say it and look
parameters:
  what: {type: name, says: what is said}
  times: {type: number, default: "1"}
steps:
  - step: "say-{what}"
    say: {words: "{what}", times: "{times}"}
    by: dba
  - step: "look-{what}"
    change: {in: new, like: "say-{what}"}
"""
PLAIN = "snippet: Plain\nsteps:\n  - {step: first, say: {}}\n  - {step: second, say: {}, after: first}\n"
WAVES = "strategy: phased\nwaves: [{wave: north, value: N}, {wave: south, value: S}]"


def including(*entries: str, head: str = "strategy: one-shot") -> str:
    """A runbook of one phase; an entry is what stands behind `- `."""
    return runbook_text(head=head) + "".join(f"      - {entry}\n" for entry in entries)


def book(root: Path, text: str, **snippets: str) -> Runbook:
    made = project(root)
    for name, content in {"pair": PAIR, "plain": PLAIN, **snippets}.items():
        write(root, f"snippets/{name}.yaml", content)
    return load_runbook(made, write(root, "runbooks/x.yaml", text), KINDS)


def refusal(root: Path, text: str, **snippets: str) -> str:
    try:
        book(root, text, **snippets)
    except WrongFile as error:
        return f"{error}\n{error.hint}"
    raise AssertionError("nothing was said against it")


def test_an_include_becomes_the_steps_of_the_snippet(tmp_path: Path) -> None:
    made = book(
        tmp_path,
        including(
            "{step: a, say: {}}",
            "{include: snippets/pair.yaml, with: {what: hello, times: 3}}",
            "{include: snippets/pair.yaml, with: {what: bye}}",
        ),
    )

    assert [step.id for step in made.steps] == ["a", "say-hello", "look-hello", "say-bye", "look-bye"]
    assert made.step("say-hello").fields == {"words": "hello", "times": "3"}
    assert made.step("look-bye").fields == {"in": "new", "like": "say-bye"}
    assert made.step("say-bye").after == ("look-hello",) and made.step("say-hello").by == "dba"


def test_a_step_knows_where_it_stands_and_from_where_it_was_included(tmp_path: Path) -> None:
    step = book(tmp_path, including("{include: snippets/pair.yaml, with: {what: hello}}")).step("look-hello")

    assert (step.file, step.line, step.included) == ("snippets/pair.yaml", 9, ("runbooks/x.yaml:6",))


def test_an_include_can_be_a_phase(tmp_path: Path) -> None:
    text = (
        including("{step: a, say: {}}")
        + "  - {include: snippets/plain.yaml}\n  - {phase: End, include: snippets/pair.yaml, with: {what: x}}\n"
    )

    assert [(step.id, step.phase) for step in book(tmp_path, text).steps] == [
        ("a", "Move"),
        *(("first", "Plain"), ("second", "Plain")),
        *(("say-x", "End"), ("look-x", "End")),
    ]


def test_as_goes_before_the_ids_and_into_after(tmp_path: Path) -> None:
    made = book(
        tmp_path,
        including(
            "{include: snippets/plain.yaml, as: one}",
            "{include: snippets/plain.yaml, as: two}",
            "{step: end, say: {}, after: [one-first, two-second]}",
        ),
    )

    assert {step.id: step.after for step in made.steps} == {
        "one-first": (),
        "one-second": ("one-first",),
        "two-first": ("one-second",),
        "two-second": ("two-first",),
        "end": ("one-first", "two-second"),
    }


def test_a_field_finds_a_step_of_its_own_snippet_and_nothing_else_changes(tmp_path: Path) -> None:
    own = "snippet: s\nsteps:\n  - {step: a, say: {}}\n  - {step: b, change: {like: a, role: a, tables: []}}\n"
    text = including("{step: a, say: {}}", "{include: snippets/s.yaml, as: x}", "{step: c, change: {like: a}}")
    made = book(tmp_path, text, s=own)

    assert made.step("x-b").fields == {"like": "x-a", "role": "a", "tables": []}
    assert made.step("c").fields == {"like": "a"}


def test_a_field_finds_a_step_of_an_inner_snippet_and_of_the_runbook(tmp_path: Path) -> None:
    inner = "snippet: i\nsteps: [{step: a, say: {}}]\n"
    outer = "snippet: o\nsteps:\n  - {include: snippets/i.yaml, as: in}\n  - {step: b, change: {like: in-a}}\n"
    outer += "  - {step: c, change: {like: z}}\n"
    made = book(tmp_path, including("{step: z, say: {}}", "{include: snippets/o.yaml, as: x}"), i=inner, o=outer)

    assert (made.step("x-b").fields, made.step("x-c").fields) == ({"like": "x-in-a"}, {"like": "z"})


def test_a_step_that_is_not_there(tmp_path: Path) -> None:
    said = refusal(
        tmp_path,
        including("{include: snippets/s.yaml, as: x}"),
        s="snippet: s\nsteps: [{step: b, change: {like: a}}]\n",
    )

    assert "snippets/s.yaml:2: step 'x-b': step 'a' is not there (included in runbooks/x.yaml:6)" in said


def test_snippets_include_snippets(tmp_path: Path) -> None:
    outer = (
        "snippet: Outer\nparameters: {name: name}\nsteps:\n"
        "  - {include: snippets/pair.yaml, with: {what: 'of-{name}'}, as: in}\n"
        "  - {step: end, say: {}, after: in-say-of-x}\n"
    )
    made = book(tmp_path, including("{include: snippets/outer.yaml, with: {name: x}, as: out}"), outer=outer)

    assert [step.id for step in made.steps] == ["out-in-say-of-x", "out-in-look-of-x", "out-end"]
    assert made.step("out-end").after == ("out-in-say-of-x",)
    assert made.step("out-in-look-of-x").included == ("snippets/outer.yaml:4", "runbooks/x.yaml:6")


def test_a_list_can_be_handed_in(tmp_path: Path) -> None:
    lists = (
        "snippet: Lists\nparameters: {tables: {type: list}}\nsteps:\n"
        "  - {step: a, change: {tables: '{tables}'}}\n  - {include: snippets/inner.yaml, with: {tables: '{tables}'}}\n"
    )
    inner = (
        "snippet: i\nparameters: {tables: {type: list, default: [x]}}\nsteps:\n"
        "  - {step: b, change: {tables: '{tables}'}}\n"
    )
    made = book(
        tmp_path, including("{include: snippets/lists.yaml, with: {tables: [customer]}}"), lists=lists, inner=inner
    )

    assert made.step("a").fields == made.step("b").fields == {"tables": ["customer"]}


def test_a_snippet_in_a_phase_of_waves(tmp_path: Path) -> None:
    wave = (
        "snippet: W\nparameters: {what: text}\nsteps:\n"
        "  - {step: a, say: {words: '{what} of {wave.value}'}}\n  - {step: b, change: {like: a}, after: a}\n"
    )
    text = including("{include: snippets/wave.yaml, with: {what: 'rows in {wave}'}, as: x}", head=WAVES)
    made = book(tmp_path, text.replace("phase: Move", "phase: Move\n    for_each: wave"), wave=wave)

    assert [step.id for step in made.steps] == ["x-a-north", "x-b-north", "x-a-south", "x-b-south"]
    assert made.step("x-a-south").fields == {"words": "rows in south of S"}
    assert made.step("x-b-south").after == ("x-a-south",) and made.step("x-b-south").fields == {"like": "x-a-south"}


def test_case_52_what_is_handed_in_is_the_text_that_was_written(tmp_path: Path) -> None:
    text = "snippet: t\nparameters: {what: text}\nsteps: [{step: a, say: {words: '{what}'}}]\n"
    for written in ("22:00", "1.10", "no", "007"):
        made = book(tmp_path, including(f"{{include: snippets/t.yaml, with: {{what: {written}}}}}"), t=text)

        assert made.step("a").fields == {"words": written}


# Everything that can be wrong, each with its file and line.


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{include: snippets/pair.yaml}", "runbooks/x.yaml:6: snippet 'snippets/pair.yaml' needs its parameter 'what'"),
        ("{include: snippets/pair.yaml}", "write with: {what: …} (what is said)"),
        ("{include: snippets/pair.yaml, with: {wat: x, what: x}}", "has no parameter 'wat'"),
        ("{include: snippets/pair.yaml, with: {wat: x, what: x}}", "did you mean 'what'?"),
        ("{include: snippets/pair.yaml, with: {what: x y}}", "'what' must be letters, digits, '-' and '_', not 'x y'"),
        ("{include: snippets/pair.yaml, with: {what: x, times: 1.0}}", "'times' must be a whole number, not '1.0'"),
        ("{include: snippets/pair.yaml, with: {what: [x]}}", "'what' must be one text, not a list"),
        ("{include: snippets/pair.yaml, with: {what: }}", "key 'what' has no value"),
        ("{include: snippets/pair.yaml, wth: {what: x}}", "key 'wth' is not known"),
        ("{include: snippets/pair.yaml, with: {what: x}, as: A B}", "'as' must be small letters, digits and '-'"),
        ("{include: snippets/pear.yaml}", "runbooks/x.yaml:6: file 'snippets/pear.yaml' is not there"),
        ("{include: snippets/pear.yaml}", "did you mean 'snippets/pair.yaml'?"),
        ("{include: runbooks/x.yaml}", "'runbooks/x.yaml' is no snippet: write snippets/NAME.yaml"),
        ("{include: snippets/../runbooks/x.yaml}", "is outside of the folder snippets/"),
        ("{include: snippets/./pair.yaml}", "is no snippet: write snippets/NAME.yaml"),
        ("{include: [a]}", "'include' must be a text, not a list"),
        ("{include: snippets/pair.yaml, with: {what: '{site}'}, step: x}", "key 'step' is not known"),
        (
            "{include: snippets/pair.yaml, with: {what: 'x{wave}'}}",
            "placeholder '{wave}' means nothing outside a phase",
        ),
    ],
)
def test_a_wrong_include(tmp_path: Path, entry: str, said: str) -> None:
    assert said in refusal(tmp_path, including(entry))


STEPS = "snippet: s\nsteps:\n  - "
HEAD = "snippet: s\nsteps: [{step: a, say: {}}]\nparameters: "


@pytest.mark.parametrize(
    ("snippet", "said"),
    [
        ("- x\n", "s.yaml:1: a list stands where keys with values should (included in runbooks/x.yaml:6)"),
        ("snippet: s\n", "s.yaml:1: key 'steps' is missing (included in runbooks/x.yaml:6)"),
        ("snippet: s\nsteps: []\n", "s.yaml:2: 'steps' must not be empty (included in"),
        (HEAD + "{}\nstps: 1\n", "s.yaml:4: key 'stps' is not known (included"),
        (HEAD + "{}\nsnippet: t\n", "s.yaml:4: key 'snippet' stands here a second time"),
        ("snippet: s\nsteps: [x]\n", "s.yaml:2: an entry of 'steps' must be keys with values (included in"),
        (STEPS + "{step: a, sya: {}}", "s.yaml:3: step 'a': key 'sya' is not known (included in"),
        (STEPS + "{step: a, say: {wrds: x}}", "s.yaml:3: step 'a': say: key 'wrds' is not known (inc"),
        (STEPS + "{step: a, say: {times: x}}", "s.yaml:3: step 'a': say: 'times' must be a whole"),
        (STEPS + "{step: a, say: {times: 1.0}}", "s.yaml:3: step 'a': say: 'times' must be a whole n"),
        (STEPS + "{step: a, say: {}, expect: 1:30}", "s.yaml:3: phases.Move.steps.a: 'expect' must be a dur"),
        (STEPS + "{step: a, say: {}, by: }", "s.yaml:3: phases.Move.steps.a: key 'by' has no value (i"),
        (STEPS + "{step: a, say: {}, after: z}", "s.yaml:3: step 'a': 'after' names step 'z', which is"),
        (
            STEPS + "{step: a, say: {words: '{x}'}}\nparameters: {y: {default: z}}",
            "s.yaml:3: step 'a': placeholder '{x}' is not known",
        ),
        (STEPS + "{step: a, change: {in: nwe}}", "s.yaml:3: step 'a': no environment has a database"),
        (STEPS + "{step: a, change: {undo: no}}", "s.yaml:3: step 'a': change: 'undo' must be true or f"),
        (STEPS + "{step: a, change: {undo: false}}", "missing undo before the point of no return (included in"),
        (STEPS + "{step: a, say: {}}\n  - {step: a, say: {}}", "a second time (first in line 3) (included"),
        (HEAD + "{wave: text}", "and not wave, not 'wave'"),
        (HEAD + "{x: txt}", "s.yaml:3: parameters.x: 'type' must be 'text', 'name', 'number'"),
        (HEAD + "{x: {type: number, default: y}}", "'default' must be a whole number, not 'y'"),
        (HEAD + "{x: {type: list, one_of: [a]}}", "'one_of' is for single texts, not for a list"),
        (
            "snippet: s\nparameters: {x: {type: list, default: [y]}}\nsteps: [{step: a, say: {words: 'a {x}'}}]\n",
            "parameter 'x' is a list, and stands in the middle of a text",
        ),
    ],
)
def test_a_wrong_snippet_names_its_own_line_and_the_include(tmp_path: Path, snippet: str, said: str) -> None:
    assert said in refusal(tmp_path, including("{include: snippets/s.yaml}"), s=snippet)


def test_two_uses_that_collide_are_refused_with_the_way_out(tmp_path: Path) -> None:
    said = refusal(tmp_path, including("{include: snippets/plain.yaml}", "{include: snippets/plain.yaml}"))

    assert "snippets/plain.yaml:3: step 'first' is there a second time (first in snippets/plain.yaml:3)" in said
    assert "(included in runbooks/x.yaml:7)" in said and "write `as: NAME` beside one of the includes" in said


def test_snippets_that_include_each_other_are_named(tmp_path: Path) -> None:
    said = refusal(
        tmp_path,
        including("{include: snippets/a.yaml}"),
        a="snippet: a\nsteps: [{include: snippets/b.yaml}]\n",
        b="snippet: b\nsteps: [{include: snippets/a.yaml}]\n",
    )

    assert said.startswith(
        "snippets/b.yaml:2: snippets include each other: snippets/a.yaml includes snippets/b.yaml includes "
        "snippets/a.yaml (included in snippets/a.yaml:2, and that in runbooks/x.yaml:6)\n"
    )


def test_a_snippet_that_includes_itself(tmp_path: Path) -> None:
    said = refusal(
        tmp_path, including("{include: snippets/a.yaml}"), a="snippet: a\nsteps: [{include: snippets/a.yaml}]\n"
    )

    assert "snippets include each other: snippets/a.yaml includes snippets/a.yaml" in said


def test_includes_cannot_fill_the_memory(tmp_path: Path) -> None:
    def level(number: int) -> str:
        return "snippet: l\nsteps:\n" + f"  - {{include: snippets/l{number + 1}.yaml}}\n" * 10

    levels = {f"l{number}": level(number) for number in range(6)}
    said = refusal(
        tmp_path,
        including("{include: snippets/l0.yaml}"),
        **levels,
        l6="snippet: l\nsteps:\n" + "".join(f"  - {{step: s{n}, say: {{}}}}\n" for n in range(10)),
    )

    assert f"more than {MOST_STEPS} steps are included" in said


def test_a_phase_has_steps_or_an_include(tmp_path: Path) -> None:
    text = including("{step: a, say: {}}").replace("phase: Move", "phase: Move\n    include: snippets/plain.yaml")

    assert "runbooks/x.yaml:5: a phase has either 'steps' or 'include'" in refusal(tmp_path, text)


def test_all_that_is_wrong_is_told_of_runbook_and_snippet(tmp_path: Path) -> None:
    text = including("{step: x, say: {wrds: a}}", "{include: snippets/s.yaml}", "{include: snippets/none.yaml}")
    said = refusal(tmp_path, text, s="snippet: s\nsteps:\n  - {step: a, say: {lout: x}}\n")

    assert "key 'wrds' is not known" in said and "key 'lout' is not known" in said
    assert "file 'snippets/none.yaml' is not there" in said


def test_a_snippet_sees_no_variables_but_those_handed_in(tmp_path: Path) -> None:
    head = "strategy: one-shot\nvariables: {site: {default: berlin}}"
    text = "snippet: t\nparameters: {what: text}\nsteps: [{step: a, say: {words: 'WORDS'}}]\n"
    entry = "{include: snippets/t.yaml, with: {what: 'from {site}'}}"
    made = book(tmp_path, including(entry, head=head), t=text.replace("WORDS", "{what}"))

    assert made.step("a").fields == {"words": "from berlin"}
    said = refusal(tmp_path, including(entry, head=head), t=text.replace("WORDS", "{site}"))
    assert "placeholder '{site}' is not known" in said and "known placeholders: what" in said
    said = refusal(tmp_path, including(entry.replace("{site}", "{stie}"), head=head), t=text)
    assert "runbooks/x.yaml:7: include of 'snippets/t.yaml': placeholder '{stie}' is not known" in said


# What else must know of snippets.


def test_digests_cover_what_is_included_and_nothing_else(tmp_path: Path) -> None:
    text = including("{include: snippets/outer.yaml}")
    outer = "snippet: o\nsteps: [{include: snippets/plain.yaml}]\n"
    made = project(tmp_path)
    one = digests(made, book(tmp_path, text, outer=outer), KINDS)
    comment = digests(made, book(tmp_path, text, outer=outer, plain=f"# why\n{PLAIN}"), KINDS)
    other = digests(made, book(tmp_path, text, outer=outer, plain=PLAIN.replace("{}", "{words: x}", 1)), KINDS)

    assert {"snippets/outer.yaml", "snippets/plain.yaml"} <= one.files.keys()
    assert "snippets/pair.yaml" not in one.files
    assert comment.semantic == one.semantic and comment.raw != one.raw
    assert other.semantic != one.semantic


def test_a_step_has_the_same_digest_wherever_it_stands(tmp_path: Path) -> None:
    written = book(tmp_path, including("{step: first, say: {}}", "{step: second, say: {}, after: first}"))
    included = book(tmp_path, including("{include: snippets/plain.yaml}"))

    assert [step.digest for step in written.steps] == [step.digest for step in included.steps]


def linted(root: Path, text: str, **files: str) -> list[str]:
    made = project(root)
    for path, content in {"runbooks/x.yaml": text, **files}.items():
        write(root, path, content)
    return [f"{problem.severity}: {problem.where}: {problem.says}" for problem in lint(made, KINDS)]


def test_lint_tells_of_snippets_that_nobody_includes_and_looks_at_them(tmp_path: Path) -> None:
    said = linted(
        tmp_path,
        including("{include: snippets/deep/used.yaml}"),
        **{"snippets/deep/used.yaml": PLAIN, "snippets/alone.yaml": "snippet: a\nstps: x\n", "snippets/y.yml": PLAIN},
    )

    assert said == [
        "warning: snippets/alone.yaml:1: no runbook includes this snippet",
        "warning: snippets/alone.yaml:1: key 'steps' is missing",
        "warning: snippets/alone.yaml:2: key 'stps' is not known",
        "warning: snippets/y.yml:1: this file is not read: its name must end in .yaml",
    ]


def test_a_problem_knows_the_runbook_that_it_was_found_in(tmp_path: Path) -> None:
    made = project(tmp_path)
    write(tmp_path, "snippets/s.yaml", "snippet: s\nsteps:\n  - {step: a, say: {lout: x}}\n")
    write(tmp_path, "runbooks/x.yaml", including("{include: snippets/s.yaml}"))

    assert [(problem.file, problem.runbook) for problem in lint(made, KINDS)] == [
        ("snippets/s.yaml", "runbooks/x.yaml")
    ]


def test_case_59_the_kept_copy_of_a_run_has_the_snippets(tmp_path: Path) -> None:
    """What a run keeps is what its digests name, and a resume reads it from there."""
    from dataclasses import replace

    from cutover.app.assigning import keep

    made = project(tmp_path)
    text = including("{include: snippets/pair.yaml, with: {what: x}}")
    digest = digests(made, book(tmp_path, text), KINDS)
    keep(made, digest, tmp_path / "kept")
    write(tmp_path, "snippets/pair.yaml", "changed: since\n")
    kept = replace(made, kept=tmp_path / "kept")
    again = load_runbook(kept, Path("runbooks/x.yaml"), KINDS)

    assert [step.id for step in again.steps] == ["say-x", "look-x"]
    assert digests(kept, again, KINDS).semantic == digest.semantic
