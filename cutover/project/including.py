"""
`include:` replaced by the steps of the snippet, before anything is typed: what comes out is a runbook without includes.

A snippet sees its parameters and nothing of the runbook but the wave. Every step that came from a snippet keeps
its own file and line, and each include that it came through, so that a problem is told where it can be mended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from cutover.project import places
from cutover.project.declared import Fits, Value
from cutover.project.placeholders import Values, filled_table, texts_of, words_in, wrong_placeholders
from cutover.project.problems import Origin, Problem, WrongFile, nearest, suggestion
from cutover.project.schema_runbook import IncludeText, SnippetText
from cutover.project.typed import bare_values, line_at, typed
from cutover.project.yaml_text import Items, Node, Table, Text, read

#: A few snippets that include each other twice and twice again would fill the memory.
MOST_STEPS = 10_000
_OF_AN_INCLUDE = ("include", "with", "as")
_OF_A_PHASE = ("phase", "for_each", "side_by_side", "window")


@dataclass(slots=True)
class Expanded:
    """The runbook without includes, what was found wrong, and the files that were included: name -> path."""

    tree: Table
    problems: list[Problem] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)
    head: Table | None = None  # to be typed in place of a tree that wrong includes left without phases


@dataclass(frozen=True, slots=True, kw_only=True)
class _Here:
    """Where an include stands."""

    origin: Origin
    in_wave: bool
    opened: tuple[str, ...] = ()  # snippets on the way, outermost first


def expand(tree: Table, root: Path, file: str, variables: Collection[str]) -> Expanded:
    """
    The runbook `file` of the project in `root`, with every include replaced; one that is wrong leaves no steps.

    `variables` are the words that the values of parameters may have in braces.
    """
    expander = _Expander(root, Expanded(tree), variables)
    phases = tree.entries.get("phases")
    if isinstance(phases, Items):
        items = [one for item in phases.items for one in expander.phase(item, Origin(file=file))]
        expander.found.tree = replace(tree, entries={**tree.entries, "phases": Items(tuple(items), phases.line)})
        if phases.items and not items:
            expander.found.head = replace(tree, entries={**tree.entries, "phases": _stand_in_phase(phases.line)})
    return expander.found


def snippet_head(path: Path, file: str) -> tuple[SnippetText | None, Table, list[Problem]]:
    """The snippet at `path`, called `file`, with what is wrong in it but for its steps, and its tree."""
    problems: list[Problem] = []
    tree = read(path, file, problems)
    steps = tree.entries.get("steps")
    # The steps are typed where they are included, when their parameters have values.
    head = replace(tree, entries={**tree.entries, "steps": _stand_in(steps)}) if isinstance(steps, Items) else tree
    problems += bare_values(head, file)
    text, wrong = typed(SnippetText, head, file)
    return text, tree, [*problems, *wrong]


def _stand_in_phase(line: int) -> Items:
    steps = _stand_in(Items((Text("", line),), line))
    lines = {"phase": line, "steps": line}
    return Items((Table({"phase": Text("x", line), "steps": steps}, lines, line),), line)


def _stand_in(steps: Items) -> Items:
    """As many steps of the right shape."""
    return Items(
        tuple(Table({"step": Text("x", item.line)}, {"step": item.line}, item.line) for item in steps.items), steps.line
    )


@dataclass(slots=True)
class _Expander:
    """One pass over a runbook; what it finds goes into `found`."""

    root: Path
    found: Expanded
    variables: Collection[str]
    lanes: Iterator[int] = field(default_factory=lambda: count(1))
    read: dict[str, tuple[SnippetText | None, Table, list[Problem]]] = field(default_factory=dict)
    steps: int = 0

    def phase(self, phase: Node, origin: Origin) -> list[Node]:
        """The phase with its steps written out; none when an include left it without any."""
        if not isinstance(phase, Table):
            return [phase]
        here = _Here(origin=origin, in_wave="for_each" in phase.entries)
        steps = phase.entries.get("steps")
        if "include" in phase.entries:
            return self._phase_of_snippet(phase, here)
        if not isinstance(steps, Items):
            return [phase]
        items = tuple(self._written_out(steps.items, here))
        if steps.items and not items:
            return []
        return [replace(phase, entries={**phase.entries, "steps": Items(items, steps.line)})]

    def _phase_of_snippet(self, phase: Table, here: _Here) -> list[Node]:
        line = phase.lines["include"]
        if "steps" in phase.entries:
            says, hint = "a phase has either 'steps' or 'include'", "put the include among the steps"
            self._tell(here, line, says, hint)
            return []
        title, steps = self._included(phase.without(*_OF_A_PHASE), here)
        if not steps:
            return []
        entries = {
            "phase": Text(title, line),
            **phase.without(*_OF_AN_INCLUDE).entries,
            "steps": Items(tuple(steps), line),
        }
        return [Table(entries, {"phase": line, **phase.lines, "steps": line}, phase.line)]

    def _written_out(self, steps: Sequence[Node], here: _Here) -> Iterator[Node]:
        for item in steps:
            if not isinstance(item, Table) or "include" not in item.entries:
                yield item
                continue
            # Inside of a snippet that stands among steps all that it includes belongs to the same lane.
            lane = here.origin.lane or next(self.lanes)
            yield from self._included(item, replace(here, origin=replace(here.origin, lane=lane)))[1]

    def _included(self, entry: Table, here: _Here) -> tuple[str, list[Node]]:
        """Title and steps of the snippet that an include names; no steps when something is wrong with it."""
        if self.steps > MOST_STEPS:
            return "", []  # told already
        entry = replace(entry, origin=here.origin)
        self.found.problems += bare_values(entry, here.origin.file)
        text, wrong = typed(IncludeText, entry, here.origin.file)
        self.found.problems += wrong
        if text is None or wrong:
            return "", []
        head, tree, origin = self._opened(text.include, entry, here)
        if head is None:
            return "", []
        if not here.opened:  # inside of a snippet its own words were looked at with the rest of its text
            way = f"include of {text.include!r}"
            self.found.problems += wrong_placeholders(
                entry, here.origin, way=way, known=self.variables, in_wave=here.in_wave
            )
        values = self._values(text, entry, head, here)
        origin = replace(origin, prefix=here.origin.prefix + (f"{text.as_}-" if text.as_ else ""))
        inside = _Here(origin=origin, in_wave=here.in_wave, opened=(*here.opened, text.include))
        steps = self._steps_of(tree, inside, values, head)
        return head.snippet, steps

    def _opened(self, name: str, entry: Table, here: _Here) -> tuple[SnippetText | None, Table, Origin]:
        line = entry.lines["include"]
        via = (f"{here.origin.file}:{line}", *here.origin.via)
        origin = Origin(file=name, via=via, lane=here.origin.lane)
        if says := self._refused(name, here):
            self._tell(here, line, *says)
            return None, entry, origin
        path = self.root / name
        self.found.files[name] = path
        if name not in self.read:
            try:
                self.read[name] = snippet_head(path, name)
            except WrongFile as error:
                self.read[name] = None, entry, list(error.problems)
        head, tree, wrong = self.read[name]
        self.found.problems += [origin.problem(one.line, one.says, one.hint) for one in wrong]
        return head if not wrong else None, tree, origin

    def _refused(self, name: str, here: _Here) -> tuple[str, str] | None:
        """Why that file cannot be included here, and what to do; None when it can."""
        there = places.files_there(self.root, places.SNIPPETS, ".yaml")
        inside = name.removeprefix(f"{places.SNIPPETS}/")
        if inside == name or Path(name).suffix != ".yaml" or Path(name).as_posix() != name:
            return f"{name!r} is no snippet: write {places.SNIPPETS}/NAME.yaml", there
        if wrong := places.not_a_file(self.root, places.SNIPPETS, inside):
            near = nearest(
                name, (f"{places.SNIPPETS}/{one}" for one in places.names_below(self.root, places.SNIPPETS, ".yaml"))
            )
            return wrong, f"did you mean {near!r}? {there}" if near else there
        if name in here.opened:
            circle = " includes ".join((*here.opened[here.opened.index(name) :], name))
            return f"snippets include each other: {circle}", "take one of the includes out"
        return None

    def _values(self, text: IncludeText, entry: Table, head: SnippetText, here: _Here) -> dict[str, str | Items]:
        """What the parameters stand for; every one that is missing, unknown or does not fit is a problem."""
        given = entry.entries.get("with")
        nodes: Mapping[str, Node] = given.entries if isinstance(given, Table) else {}
        called, line = f"snippet {text.include!r}", entry.lines["include"]
        for name in text.with_.keys() - head.parameters.keys():
            hint = suggestion(name, head.parameters, called="parameters")
            self._tell(here, line_at(entry, ("with", name)), f"{called} has no parameter {name!r}", hint)
        values: dict[str, str | Items] = {}
        for name, declared in head.parameters.items():
            value = text.with_.get(name, declared.default)
            if value is None:
                hint = f"write with: {{{name}: …}}" + (f" ({declared.says})" if declared.says else "")
                self._tell(here, line, f"{called} needs its parameter {name!r}", hint)
                continue
            said = "" if _filled_later(value) and declared.type is not Fits.LIST else declared.misfit(value)
            if said:
                self._tell(here, line_at(entry, ("with", name)), f"{called}: {name!r} {said}")
            node = nodes.get(name)
            listed = node.items if isinstance(node, Items) else tuple(Text(one, line) for one in value)
            values[name] = value if isinstance(value, str) else Items(listed, line)
        return values

    def _steps_of(self, tree: Table, here: _Here, values: Values, head: SnippetText) -> list[Node]:
        steps = tree.entries["steps"]
        assert isinstance(steps, Items)
        written = [step for step in steps.items if isinstance(step, Table)]
        if len(written) < len(steps.items):
            wrong = next(step for step in steps.items if not isinstance(step, Table))
            self._tell(here, wrong.line, "an entry of 'steps' must be keys with values")
        self.steps += len(written)
        if self.steps > MOST_STEPS:
            self._tell(here, tree.line, f"more than {MOST_STEPS} steps are included")
            return []
        lists = [name for name, value in values.items() if isinstance(value, Items)]
        for step in written:
            way = f"step {_id(step)!r}" if _id(step) else "include"
            self.found.problems += wrong_placeholders(
                step, here.origin, way=way, known=head.parameters, in_wave=here.in_wave
            )
            self.found.problems += _lists_in_texts(step, here.origin, way, lists)
        filled = [
            _named(replace(filled_table(step, values), origin=here.origin), here.origin.prefix) for step in written
        ]
        done = [step for step in self._written_out(filled, here) if isinstance(step, Table)]
        own = {_id(step) for step in done}
        return [_after(step, here.origin.prefix, own) if step.origin == here.origin else step for step in done]

    def _tell(self, here: _Here, line: int, says: str, hint: str = "") -> None:
        self.found.problems.append(here.origin.problem(line, says, hint))


def _filled_later(value: Value) -> bool:
    """Whether a variable or a wave is yet to go into it."""
    return isinstance(value, str) and bool(words_in(value))


def _id(step: Node) -> str:
    name = step.entries.get("step") if isinstance(step, Table) else None
    return name.value if isinstance(name, Text) else ""


def _named(step: Table, prefix: str) -> Table:
    name = step.entries.get("step")
    if not isinstance(name, Text) or not prefix:
        return step
    return replace(step, entries={**step.entries, "step": replace(name, value=prefix + name.value)})


def _after(step: Table, prefix: str, own: Collection[str]) -> Table:
    """The step with `after` naming steps of its own snippet as they are called in the runbook."""
    after = step.entries.get("after")
    if after is None or not prefix:
        return step

    def called(node: Node) -> Node:
        match node:
            case Text() if prefix + node.value in own:
                return replace(node, value=prefix + node.value)
            case Items():
                return Items(tuple(called(item) for item in node.items), node.line)
        return node

    return replace(step, entries={**step.entries, "after": called(after)})


def _lists_in_texts(step: Table, origin: Origin, way: str, lists: Collection[str]) -> Iterator[Problem]:
    for text in texts_of(step):
        for name in words_in(text.value):
            if name in lists and text.value != f"{{{name}}}":
                says = f"{way}: parameter {name!r} is a list, and stands in the middle of a text"
                yield origin.problem(text.line, says, f"write '{{{name}}}' alone where a list may stand")
