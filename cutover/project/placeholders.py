"""
Braces around one word in the texts of a step, replaced by what the word stands for; other braces stay as they are.

The words are the parameters of a snippet, the variables of a runbook, and `{wave}` and `{wave.value}` of a wave.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from cutover.model.runbook import Wave
from cutover.project.problems import Origin, Problem, suggestion
from cutover.project.yaml_text import Items, Node, Table, Text

#: Braces around one word. SQL writes braces with something else in them: '{}', '{1,2}', '{"a": 1}'.
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")
OF_A_WAVE = ("wave", "wave.value")

Values = Mapping[str, str | Items]
"""Word -> what stands there instead: a text, or a list where the word in its braces is all of the text."""


def of_wave(wave: Wave | None) -> dict[str, str]:
    """What the words of a wave stand for; nothing outside of one."""
    return {} if wave is None else {"wave": wave.name, "wave.value": wave.value}


def filled_in(node: Node, values: Values) -> Node:
    """The tree with every placeholder replaced, in values and not in keys; what a value brings in is not read again."""
    match node:
        case Text():
            return _filled(node, values)
        case Items():
            return Items(tuple(filled_in(item, values) for item in node.items), node.line)
        case Table():
            return filled_table(node, values)


def filled_table(node: Table, values: Values) -> Table:
    """As `filled_in`."""
    return replace(node, entries={key: filled_in(value, values) for key, value in node.entries.items()})


def _filled(node: Text, values: Values) -> Node:
    alone = _PLACEHOLDER.fullmatch(node.value)
    there = values.get(alone[1]) if alone else None
    if isinstance(there, Items):
        return Items(tuple(replace(item, line=node.line) for item in there.items), node.line)
    return replace(node, value=filled_text(node.value, values))


def filled_text(text: str, values: Values) -> str:
    """As `filled_in`, for one text; a list does not go into the middle of one."""

    def stands_for(found: re.Match[str]) -> str:
        value = values.get(found[1], found[0])
        return value if isinstance(value, str) else found[0]

    return _PLACEHOLDER.sub(stands_for, text)


def words_in(text: str) -> list[str]:
    """The words in braces of a text."""
    return _PLACEHOLDER.findall(text)


def texts_of(node: Node) -> Iterator[Text]:
    """Every text of the tree, keys not counted."""
    match node:
        case Text():
            yield node
        case Items():
            for item in node.items:
                yield from texts_of(item)
        case Table():
            for value in node.entries.values():
                yield from texts_of(value)


def wrong_placeholders(
    node: Node, origin: Origin, *, way: str, known: Collection[str], in_wave: bool
) -> Iterator[Problem]:
    """
    Placeholders that nothing replaces. `known` are the words that mean something here but for those of a wave.

    Where nothing at all could be replaced, braces are nobody's business.
    """
    words = [*known, *(OF_A_WAVE if in_wave else ())]
    for text in texts_of(node):
        for name in words_in(text.value):
            if name in OF_A_WAVE and not in_wave:
                says = f"{way}: placeholder '{{{name}}}' means nothing outside a phase with for_each: wave"
                yield origin.problem(text.line, says, "move the step into such a phase")
            elif words and name not in words:
                hint = suggestion(name, words, called="placeholders")
                hint += "; braces that are meant as such have a blank inside"
                yield origin.problem(text.line, f"{way}: placeholder '{{{name}}}' is not known", hint)
