"""
A tree of YAML text typed by a Pydantic class; what Pydantic finds wrong becomes problems with file and line.

The one place that knows Pydantic's error types. A value is shown only where it cannot be a secret:
schemas that hold credentials write their own sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cutover.project import texts
from cutover.project.problems import Origin, Problem, nearest, suggestion
from cutover.project.yaml_text import Items, Node, Table, Text, plain

M = TypeVar("M", bound=BaseModel)
Loc = tuple[int | str, ...]

#: Keys whose value is a name: they tell one entry of a list from the others.
_NAMES = ("step", "phase", "table", "wave", "total", "id", "environment")


def typed(model: type[M], node: Node, file: str, *, under: str = "") -> tuple[M | None, list[Problem]]:
    """
    The tree as a `model`, with every problem; `under` is the path to the tree, for messages.

    The model is None unless unknown keys are all that is wrong: without them it is made all the same, so that a
    misspelt key does not hide what else is wrong. Keys without a value are `bare_values`' matter.
    """
    value = plain(node)
    try:
        return model.model_validate(value), []
    except ValidationError as error:
        details = _without_echoes(error.errors(include_url=False))
        problems = [_problem(detail, model, node, file=file, under=under) for detail in details]
        unknown = [detail["loc"] for detail in error.errors() if detail["type"] == "extra_forbidden"]
    try:
        return model.model_validate(_without(value, unknown)), problems
    except (ValidationError, LookupError, TypeError):  # a place inside an alternative is none in the tree
        return None, problems


def _without(value: Any, unknown: Sequence[Loc]) -> Any:
    """The value with the keys at those places taken out."""
    for *way, key in unknown:
        around = value
        for part in way:
            around = around[part]
        del around[key]
    return value


def lenient_readings(made: BaseModel, node: Node, file: str, *, under: str = "") -> list[Problem]:
    """
    Texts that Pydantic read more leniently than this house does: `yes` as true, `1.0` as 1.

    For classes that type their own fields; the schemas here say what they accept themselves.
    """
    return [
        problem_at(node, loc, file, _join(under, named(node, loc[:-1]), says)) for loc, says in _inexact(node, made, ())
    ]


def bare_values(node: Node, file: str, under: str = "") -> Iterator[Problem]:
    """A problem for every key, and every entry of a list, that has no value."""
    for loc in _bare(node, ()):
        what = f"key {str(loc[-1])!r}" if loc and isinstance(loc[-1], str) else "an entry of the list"
        hint = "write a value or take the key out; a text that begins with a brace stands in quotes"
        yield problem_at(node, loc, file, _join(under, named(node, loc[:-1]), f"{what} has no value"), hint)


def line_at(node: Node, loc: Sequence[int | str]) -> int:
    """The line of the value at `loc`: of its key, of its entry, or of the nearest thing around it that is there."""
    return _place(node, loc)[0]


def problem_at(node: Node, loc: Sequence[int | str], file: str, says: str, hint: str = "") -> Problem:
    """A problem with the value at `loc`, in `file` or in the file that the value was included from."""
    line, origin = _place(node, loc)
    return (origin or Origin(file=file)).problem(line, says, hint)


def _place(node: Node, loc: Sequence[int | str]) -> tuple[int, Origin | None]:
    line, origin = node.line, node.origin if isinstance(node, Table) else None
    for part in loc:
        if isinstance(node, Table) and part in node.entries:
            line, node = node.lines[str(part)], node.entries[str(part)]
        elif isinstance(node, Items) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            line = node.line
        else:
            break
        origin = (node.origin if isinstance(node, Table) else None) or origin
    return line, origin


def named(node: Node, loc: Sequence[int | str]) -> str:
    """The way to a value: `phases.Move.steps.copy-flights.retry`; an entry of a list by its name or its number."""
    words: list[str] = []
    for part in loc:
        if isinstance(node, Items) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            words.append(_name_of(node) or str(part + 1))
        elif isinstance(node, Table) and part in node.entries:
            node = node.entries[str(part)]
            words.append(str(part))
        else:
            break
    return ".".join(words)


def _name_of(node: Node) -> str:
    names = (node.entries.get(key) for key in _NAMES) if isinstance(node, Table) else ()
    return next((name.value for name in names if isinstance(name, Text)), "")


def _join(*parts: str) -> str:
    *way, says = parts
    path = ".".join(part for part in way if part)
    return f"{path}: {says}" if path else says


def _problem(detail: ErrorDetails, model: type[BaseModel], node: Node, *, file: str, under: str) -> Problem:
    loc: Loc = tuple(part for part in detail["loc"] if part != "[key]")
    last = loc[-1] if loc else ""
    # The way ends before the key, because `password: must …` would be masked as if a password stood there.
    way = named(node, loc[:-1])
    hint = ""
    match detail["type"]:
        case "extra_forbidden":
            says, hint = (
                f"key {str(last)!r} is not known",
                suggestion(str(last), keys_at(model, loc[:-1]), called="keys"),
            )
        case "missing":
            says = f"key {str(last)!r} is missing"
        case "value_error" if not loc or (isinstance(_at(node, loc), Table) and detail["loc"][-1] != "[key]"):
            way, says = named(node, loc), _said(detail)
            loc = (*loc, getattr(detail["ctx"]["error"], "key", ""))
        case "enum" | "literal_error":
            says, hint = f"{_what(last)} {_said(detail)}", _nearest_choice(detail)
        case _:
            says = f"{_what(last)} {_said(detail)}"
    return problem_at(node, loc, file, _join(under, way, says), hint)


def _without_echoes(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """
    Without what is told elsewhere.

    Pydantic calls a list too short when its entries are wrong; and a key without a value is `bare_values`' matter.
    """

    def has_wrong_entries(loc: tuple[int | str, ...]) -> bool:
        return any(len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in details)

    return [
        detail
        for detail in details
        if detail["input"] is not None and not (detail["type"] == "too_short" and has_wrong_entries(detail["loc"]))
    ]


def _what(last: int | str) -> str:
    return f"{last!r}" if isinstance(last, str) else f"entry {last + 1}"


def _at(node: Node, loc: Loc) -> Node | None:
    for part in loc:
        if isinstance(node, Table) and part in node.entries:
            node = node.entries[str(part)]
        elif isinstance(node, Items) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
        else:
            return None
    return node


def _said(detail: ErrorDetails) -> str:
    """The rest of the sentence that begins with the key."""
    got, context = texts.shown(detail["input"]), detail.get("ctx", {})
    match detail["type"]:
        case "value_error" | "assertion_error":
            return str(context["error"])
        case "string_type" | "string_sub_type":
            return f"must be a text, not {got}"
        case "int_parsing" | "int_type" | "int_from_float":
            return f"must be a whole number, not {got}"
        case "bool_parsing" | "bool_type":
            return f"must be true or false, not {got}"
        case "float_parsing" | "float_type" | "decimal_parsing":
            return f"must be a number, not {got}"
        case "list_type" | "tuple_type" | "set_type":
            return f"must be a list, not {got}"
        case "dict_type" | "model_type" | "mapping_type" | "model_attributes_type":
            return f"must be keys with values, not {got}"
        case "enum" | "literal_error":
            return f"must be {context['expected']}, not {got}"
        case "too_short" | "string_too_short":
            return "must not be empty"
        case "greater_than_equal":
            return f"must be at least {context['ge']}, not {got}"
        case "less_than_equal":
            return f"must be at most {context['le']}, not {got}"
        case _:
            return detail["msg"][:1].lower() + detail["msg"][1:]


def _nearest_choice(detail: ErrorDetails) -> str:
    choices = re.findall(r"'([^']*)'", str(detail.get("ctx", {}).get("expected", "")))
    near = nearest(str(detail["input"]), choices)
    return f"did you mean {near!r}?" if near else ""


def keys_at(model: type[BaseModel], loc: Loc) -> list[str]:
    """The keys that the class at `loc` inside `model` knows, by the names they have in YAML."""
    kind: Any = model
    for part in loc:
        kind = _inside(kind, part)
    found = _model_in(kind)
    return [field.alias or name for name, field in found.model_fields.items()] if found else []


def _inside(kind: Any, part: int | str) -> Any:
    found = _model_in(kind)
    if found is not None and isinstance(part, str):
        fields = {field.alias or name: field.annotation for name, field in found.model_fields.items()}
        return fields.get(part)
    for option in _options(kind):
        origin, arguments = get_origin(option), get_args(option)
        if isinstance(origin, type) and arguments:
            return arguments[1] if issubclass(origin, Mapping) else arguments[0]
    return None


def _model_in(kind: Any) -> type[BaseModel] | None:
    return next((one for one in _options(kind) if isinstance(one, type) and issubclass(one, BaseModel)), None)


def _options(kind: Any) -> Iterator[Any]:
    """What an annotation may be, without Annotated and Union around it."""
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _options(get_args(kind)[0])
    elif origin in (Union, UnionType):
        for one in get_args(kind):
            yield from _options(one)
    elif kind is not None and not (get_origin(kind) is None and not isinstance(kind, type)):
        yield kind


def _inexact(node: Node, value: Any, loc: Loc) -> Iterator[tuple[Loc, str]]:
    match node:
        case Text():
            if (said := _lenient(node.value, value)) and loc:
                yield loc, f"{_what(loc[-1])} {said}"
        case Items():
            values = value if isinstance(value, list | tuple) else ()
            for index, (item, one) in enumerate(zip(node.items, values, strict=False)):
                yield from _inexact(item, one, (*loc, index))
        case Table() if isinstance(value, BaseModel):
            names = {field.alias or name: name for name, field in type(value).model_fields.items()}
            for key in node.entries.keys() & names.keys():
                yield from _inexact(node.entries[key], getattr(value, names[key]), (*loc, key))
        case Table() if isinstance(value, Mapping):
            for key in node.entries.keys() & value.keys():
                yield from _inexact(node.entries[key], value[key], (*loc, key))


def _lenient(text: str, value: Any) -> str:
    if isinstance(value, bool):
        return "" if text in ("true", "false") else f"must be true or false, not {text!r}"
    if isinstance(value, int):
        return "" if texts.WHOLE.fullmatch(text) else f"must be a whole number, not {text!r}"
    if isinstance(value, float) and not isfinite(value):
        return f"must be a number, not {text!r}"
    return ""


def _bare(node: Node, loc: Loc) -> Iterator[Loc]:
    match node:
        case Text(bare=True):
            yield loc
        case Items():
            for index, item in enumerate(node.items):
                yield from _bare(item, (*loc, index))
        case Table():
            for key, value in node.entries.items():
                yield from _bare(value, (*loc, key))
