"""Steps side by side: what the edges become, and what must not run beside each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.project.made_up import refusal, runbook, runbook_text, write
from tests.unit.project.places import linted, several

HEAD = "strategy: one-shot\nparallel: 4"
WAVES = "strategy: phased\nparallel: 2\nwaves: [{wave: north, value: N}, {wave: south, value: S}]"


def phases(*written: tuple[str, list[str]], head: str = HEAD) -> str:
    """Phases by name, `name!` being one side by side; a step is what stands behind `- `."""
    text = f"runbook: Shop\n{head}\nphases:\n"
    for name, steps in written:
        text += f"  - phase: {name.strip('!')}\n" + ("    side_by_side: true\n" if name.endswith("!") else "")
        text += "    steps:\n" + "".join(f"      - {step}\n" for step in steps)
    return text


def say(*names: str) -> list[str]:
    return [f"{{step: {name}, say: {{}}}}" for name in names]


def after(root: Path, text: str) -> dict[str, tuple[str, ...]]:
    return {step.id: step.after for step in runbook(root, text).steps}


def test_steps_side_by_side_come_after_what_is_before_the_phase(tmp_path: Path) -> None:
    text = phases(("Prepare", say("a", "b")), ("Copy!", say("c", "d", "e")), ("End", say("f", "g")))

    assert after(tmp_path, text) == {
        "a": (),
        "b": ("a",),
        **dict.fromkeys(("c", "d", "e"), ("b",)),
        "f": ("c", "d", "e"),
        "g": ("f",),
    }
    assert runbook(tmp_path, text).parallel == 4


def test_two_such_phases_follow_each_other(tmp_path: Path) -> None:
    text = phases(("A!", say("a", "b")), ("B!", say("c", "d")))

    assert after(tmp_path, text) == {"a": (), "b": (), "c": ("a", "b"), "d": ("a", "b")}


def test_after_makes_a_chain_within_such_a_phase(tmp_path: Path) -> None:
    steps = [*say("a", "b"), "{step: c, say: {}, after: a}"]

    assert after(tmp_path, phases(("A!", steps), ("B", say("d")))) == {
        "a": (),
        "b": (),
        "c": ("a",),
        "d": ("b", "c"),
    }


def test_the_steps_of_one_include_follow_each_other_beside_those_of_another(tmp_path: Path) -> None:
    snippet = "snippet: s\nparameters: {x: name}\nsteps:\n"
    snippet += "".join(f"  - {{step: '{name}-{{x}}', say: {{}}}}\n" for name in ("a", "b"))
    write(tmp_path, "snippets/s.yaml", snippet)
    write(
        tmp_path,
        "snippets/o.yaml",
        "snippet: o\nsteps:\n  - {include: snippets/s.yaml, with: {x: three}}\n  - {step: o, say: {}}\n",
    )
    one, two = (f"{{include: snippets/s.yaml, with: {{x: {name}}}}}" for name in ("one", "two"))
    text = phases(("A!", [one, two, "{include: snippets/o.yaml}"]), ("B", say("end")))

    assert after(tmp_path, text) == {
        "a-one": (),
        "b-one": ("a-one",),
        "a-two": (),
        "b-two": ("a-two",),
        "a-three": (),
        "b-three": ("a-three",),
        "o": ("b-three",),
        "end": ("b-one", "b-two", "o"),
    }


def test_a_snippet_as_a_phase_has_its_own_steps_side_by_side(tmp_path: Path) -> None:
    write(tmp_path, "snippets/s.yaml", "snippet: s\nsteps: [{step: a, say: {}}, {step: b, say: {}}]\n")
    text = phases(("Z", say("z"))) + "  - {include: snippets/s.yaml, side_by_side: true}\n"

    assert after(tmp_path, text) == {"z": (), "a": ("z",), "b": ("z",)}


def test_waves_still_follow_each_other(tmp_path: Path) -> None:
    text = phases(("A!", say("a", "b")), ("B", say("end")), head=WAVES).replace(
        "side_by_side: true", "side_by_side: true\n    for_each: wave"
    )

    assert after(tmp_path, text) == {
        **dict.fromkeys(("a-north", "b-north"), ()),
        **dict.fromkeys(("a-south", "b-south"), ("a-north", "b-north")),
        "end": ("a-south", "b-south"),
    }


def test_one_step_at_a_time_is_the_default_and_told_where_it_has_no_use(tmp_path: Path) -> None:
    text = phases(("A!", say("a", "b")), head="strategy: one-shot")

    assert runbook(tmp_path, text).parallel == 1
    assert linted(several(tmp_path), text) == [
        "warning: runbooks/x.yaml:5: the steps of phase 'A' are side by side, and only one step runs at a time"
    ]


@pytest.mark.parametrize(
    ("parallel", "said"),
    [
        ("0", "'parallel' must be at least 1, not '0'"),
        ("65", "'parallel' must be at most 64, not '65'"),
        ("2.0", "'parallel' must be a whole number, not '2.0'"),
        ("on", "'parallel' must be a whole number, not 'on'"),
    ],
)
def test_a_wrong_number(tmp_path: Path, parallel: str, said: str) -> None:
    text = runbook_text("a, say: {}", head=f"strategy: one-shot\nparallel: {parallel}")

    assert f"runbooks/x.yaml:3: {said}" in refusal(tmp_path, text)


def test_no_step_runs_beside_one_that_it_rests_on(tmp_path: Path) -> None:
    steps = ["{step: back-up, say: {}}", "{step: prove, change: {like: back-up}}"]
    said = refusal(tmp_path, phases(("A!", steps)))

    assert "runbooks/x.yaml:9: step 'prove': it rests on step 'back-up', and may run beside it" in said
    assert "write after: back-up" in said
    assert len(after(tmp_path, phases(("A!", [steps[0], steps[1].replace("}}", "}, after: back-up}")])))) == 2


def test_far_behind_is_behind(tmp_path: Path) -> None:
    steps = [*say("back-up"), "{step: x, say: {}, after: back-up}", "{step: prove, change: {like: back-up}, after: x}"]

    assert len(after(tmp_path, phases(("A!", steps)))) == 3
