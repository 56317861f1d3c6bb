"""
YAML as text: every scalar is the text that stands in the file, and every value knows its line.

Built from the parser's events, so that nothing guesses a type: `on`, `22:00` and `1.10` stay what was
written. Aliases work; merge keys, tags and keys that stand twice are refused. Knows no schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from cutover.project.problems import Origin, Problem, WrongFile, wrong

#: No file that a person writes comes near; a few aliases of aliases would fill the memory (a "billion laughs").
MOST_NODES = 100_000
DEEPEST = 60


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar. `bare` is an empty one without quotes: a key whose value was forgotten."""

    value: str
    line: int
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """Keys with their values, in file order, and the line of each key; `origin` where another file begins."""

    entries: Mapping[str, Node]
    lines: Mapping[str, int]
    line: int
    origin: Origin | None = None

    def without(self, *keys: str) -> Table:
        """The same without some of its keys."""
        return replace(self, entries={key: value for key, value in self.entries.items() if key not in keys})


Node = Text | Items | Table


def plain(node: Node) -> Any:
    """The tree as text, lists and dictionaries: what schemas type and digests cover. A bare value is None."""
    match node:
        case Text():
            return None if node.bare else node.value
        case Items():
            return [plain(item) for item in node.items]
        case Table():
            return {key: plain(value) for key, value in node.entries.items()}


def read(path: Path, shown: str, found: list[Problem]) -> Table:
    """
    The keys of the file at `path`, called `shown` in messages.

    What leaves the rest readable (a key that stands twice) is added to `found`; anything else raises WrongFile.
    """
    return parse(read_text(path, shown), shown, found)


def read_text(path: Path, shown: str) -> str:
    """The text of the file. Raises WrongFile when it is not there, not a file or no UTF-8."""
    try:
        data = path.read_bytes()
    except OSError as error:
        said = "a folder stands where a file should" if path.is_dir() else (error.strerror or "not readable").lower()
        raise wrong(shown, 1, f"the file cannot be read: {said}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise wrong(
            shown, line, f"the file is not UTF-8 (byte 0x{data[error.start]:02x})", "save it as UTF-8"
        ) from None


def parse(text: str, shown: str, found: list[Problem]) -> Table:
    """The keys of a YAML text; as `read`."""
    reader = _Reader(text, shown, found)
    try:
        tree = reader.document()
    except YAMLError as error:
        raise WrongFile([_translated(error, text, shown)]) from None
    if tree is None or (isinstance(tree, Text) and tree.bare):
        raise wrong(shown, 1, "the file is empty", "begin with `key: value`")
    if not isinstance(tree, Table):
        what = "a list" if isinstance(tree, Items) else "a text"
        raise wrong(shown, tree.line, f"{what} stands where keys with values should", "begin with `key: value`")
    return tree


class _Reader:
    """One pass over the events of one text."""

    def __init__(self, text: str, shown: str, found: list[Problem]) -> None:
        self.text = text
        self.shown = shown
        self.found = found
        self.nodes = 0
        self.anchors: dict[str, tuple[Node | None, int]] = {}  # None while the node itself is still being read

    @cached_property
    def events(self) -> Iterator[Event]:
        return iter(YAML(typ="base", pure=True).parse(self.text))

    def document(self) -> Node | None:
        tree: Node | None = None
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                if tree is not None:
                    raise self._stop(
                        event, "a second document begins here", "one file holds one document: take `---` out"
                    )
                tree = self._node(next(self.events), 0)
        return tree

    def _node(self, event: Event, depth: int) -> Node:
        if isinstance(event, AliasEvent):
            return self._alias(event)
        if depth > DEEPEST:
            raise self._stop(event, f"values are nested deeper than {DEEPEST} levels")
        anchor, before = getattr(event, "anchor", None), self.nodes
        self._count(event, 1)
        self._refuse_tag(event)
        if anchor:
            self.anchors[anchor] = (None, 0)
        node = self._value(event, depth)
        if anchor:
            self.anchors[anchor] = (node, self.nodes - before)
        return node

    def _value(self, event: Event, depth: int) -> Node:
        line = _line(event)
        if isinstance(event, ScalarEvent):
            return Text(event.value, line, bare=event.value == "" and event.style is None)
        if isinstance(event, SequenceStartEvent):
            return Items(tuple(self._node(item, depth + 1) for item in self._until(SequenceEndEvent)), line)
        return self._table(event, depth)

    def _table(self, event: Event, depth: int) -> Table:
        entries: dict[str, Node] = {}
        lines: dict[str, int] = {}
        for key in self._until(MappingEndEvent):
            name = self._key(key, depth)
            value = self._node(next(self.events), depth + 1)
            if name in entries:
                self._note(key, f"key {name!r} stands here a second time (first in line {lines[name]})", "take one out")
                continue
            entries[name], lines[name] = value, _line(key)
        return Table(entries, lines, _line(event))

    def _key(self, event: Event, depth: int) -> str:
        node = self._node(event, depth + 1)
        if not isinstance(node, Text):
            raise self._stop(
                event, "a list or keys stand where one key should", "write `key: value`, quote braces in a text"
            )
        if node.value == "<<" and isinstance(event, ScalarEvent) and event.style is None:
            self._note(event, "merge keys (`<<`) are not read", "write the keys out, or use an alias for a whole value")
        return node.value

    def _until(self, end: type[Event]) -> Iterator[Event]:
        while not isinstance(event := next(self.events), end):
            yield event

    def _alias(self, event: AliasEvent) -> Node:
        # The parser does not look anchors up; an alias of something unfinished would be a tree without end.
        name = str(event.anchor)
        if name not in self.anchors:
            raise self._stop(event, f"alias '*{name}' has no anchor '&{name}' before it")
        node, size = self.anchors[name]
        if node is None:
            raise self._stop(event, f"alias '*{name}' stands inside its own anchor")
        self._count(event, size)
        return node

    def _count(self, event: Event, more: int) -> None:
        self.nodes += more
        if self.nodes > MOST_NODES:
            raise self._stop(event, f"the file has more than {MOST_NODES} values, aliases written out")

    def _refuse_tag(self, event: Event) -> None:
        tag = getattr(event, "tag", None)
        if tag is not None and str(tag) != "!":
            self._note(event, f"tag '{tag}' is not read: every value is text here", "take the tag out")

    def _note(self, event: Event, says: str, hint: str = "") -> None:
        self.found.append(Problem(file=self.shown, line=_line(event), says=says, hint=hint))

    def _stop(self, event: Event, says: str, hint: str = "") -> WrongFile:
        return wrong(self.shown, _line(event), says, hint)


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1


def _translated(error: YAMLError, text: str, shown: str) -> Problem:
    """What the parser says, with the line a person should look at."""
    if not isinstance(error, MarkedYAMLError):
        position = int(getattr(error, "position", 0))
        code = ord(text[position]) if position < len(text) else 0
        line = text.count("\n", 0, position) + 1
        return Problem(file=shown, line=line, says=f"character 0x{code:02x} cannot stand in YAML", hint="take it out")
    said, mark, hint = str(error.problem), error.problem_mark, ""
    if "'\\t'" in said:
        said, hint = "a tab stands where only blanks may", "indent with blanks"
    elif "quoted scalar" in str(error.context) and "end of stream" in said:
        said, mark, hint = "a quote opens here and is never closed", error.context_mark, "close the quote"
    elif "end" in said and error.context_mark is not None:
        said, mark = f"not YAML {error.context}: {said}", error.context_mark
    elif "mapping values are not allowed" in said:
        said, hint = "a colon stands where no key can be", "check the indentation, or put the text in quotes"
    else:
        said = f"not YAML{f' {error.context}' if error.context else ''}: {said}"
    return Problem(file=shown, line=(int(mark.line) if mark is not None else 0) + 1, says=said, hint=hint)
