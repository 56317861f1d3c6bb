"""`{wave}` and `{wave.value}` in the texts of a step, replaced once per wave; other braces are left as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cutover.model.runbook import Wave
from cutover.project.problems import Problem, suggestion
from cutover.project.yaml_text import Items, Node, Table, Text

#: Braces around one word. SQL writes braces with something else in them: '{}', '{1,2}', '{"a": 1}'.
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")
KNOWN = ("wave", "wave.value")


def filled_in(node: Node, wave: Wave) -> Node:
    """The tree with every placeholder replaced, in values and not in keys; what a value brings in is not read again."""
    match node:
        case Text():
            return Text(filled_text(node.value, wave), node.line, bare=node.bare)
        case Items():
            return Items(tuple(filled_in(item, wave) for item in node.items), node.line)
        case Table():
            return Table({key: filled_in(value, wave) for key, value in node.entries.items()}, node.lines, node.line)


def filled_text(text: str, wave: Wave) -> str:
    """As `filled_in`, for one text."""
    values = {"wave": wave.name, "wave.value": wave.value}
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def wrong_placeholders(node: Node, file: str, *, step: str, in_wave: bool) -> Iterator[Problem]:
    """Placeholders that nothing replaces: misspelt ones in a phase of waves, any outside of one."""
    for text in _texts(node):
        for name in _PLACEHOLDER.findall(text.value):
            if in_wave and name not in KNOWN:
                hint = (
                    suggestion(name, KNOWN, called="placeholders")
                    + "; braces that are meant as such have a blank inside"
                )
                says = f"step {step!r}: placeholder '{{{name}}}' is not known"
                yield Problem(file=file, line=text.line, says=says, hint=hint)
            elif not in_wave and name in KNOWN:
                says = f"step {step!r}: placeholder '{{{name}}}' means nothing outside a phase with for_each: wave"
                yield Problem(file=file, line=text.line, says=says, hint="move the step into such a phase")


def _texts(node: Node) -> Iterator[Text]:
    match node:
        case Text():
            yield node
        case Items():
            for item in node.items:
                yield from _texts(item)
        case Table():
            for value in node.entries.values():
                yield from _texts(value)
