"""
JSON Schema of the four kinds of files, for editors.

From the same Pydantic classes that the loader types with. An editor reads `5` as a number where this house
reads a text, so whatever takes a text takes a number and a flag, too.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from cutover.errors import WrongInput
from cutover.project.schema_migration import MigrationText
from cutover.project.schema_project import ProjectText
from cutover.project.schema_runbook import IncludeText, RunbookText, SnippetText
from cutover.project.step_kinds import Kinds

DRAFT = "https://json-schema.org/draft/2020-12/schema"
FILES: dict[str, type[BaseModel]] = {
    "runbook": RunbookText,
    "snippet": SnippetText,
    "project": ProjectText,
    "migration": MigrationText,
}

Schema = dict[str, Any]

#: What a snippet says of itself; everything else in it may have a parameter in braces instead of a value.
_WITHOUT_WORDS = frozenset({"SnippetText", "DeclaredText", "IncludeText"})
_WORDS = {"type": "string", "pattern": r"\{[A-Za-z_][A-Za-z0-9_.]*\}"}


def json_schema(kinds: Kinds, what: str = "runbook") -> Schema:
    """The JSON Schema (draft 2020-12) of a `runbook`, a `snippet`, a `project` (`cutover.yaml`) or a `migration`."""
    if what not in FILES:
        raise WrongInput(f"there is no schema of {what!r}", hint=f"known: {', '.join(FILES)}")
    schema = _as_editors_need(FILES[what])
    if what in ("runbook", "snippet"):
        _add_kinds(schema, kinds)
        _add_includes(schema)
        definitions: Schema = schema["$defs"]
        for name, definition in definitions.items():
            if "." in name or (what == "snippet" and name not in _WITHOUT_WORDS):
                definition["properties"] = _or_words(definition.get("properties", {}))
    return {"$schema": DRAFT, **schema}


def _add_kinds(schema: Schema, kinds: Kinds) -> None:
    """A step has exactly one of the keys that name a kind."""
    definitions: Schema = schema["$defs"]
    step: Schema = definitions["StepText"]
    for name, kind in sorted(kinds.items()):
        # Two kinds may have inner classes of the same name.
        fields = _as_editors_need(kind, reference=f"#/$defs/{name}.{{model}}")
        definitions.update({f"{name}.{inner}": value for inner, value in fields.pop("$defs", {}).items()})
        definitions[f"kind.{name}"] = fields
        there: Schema = {"$ref": f"#/$defs/kind.{name}"}
        step["properties"][name] = there if fields.get("required") else {"anyOf": [there, {"type": "null"}]}
    step["oneOf"] = [{"required": [name]} for name in sorted(kinds)]
    step["additionalProperties"] = False


def _add_includes(schema: Schema) -> None:
    """An include stands where a step can, and in a runbook where a phase can: then its title is the heading."""
    definitions: Schema = schema["$defs"]
    include = _as_editors_need(IncludeText)
    definitions["IncludeText"] = include
    phase: Schema | None = definitions.get("PhaseText")
    for around in (phase, schema) if "steps" in schema["properties"] else (phase,):
        if around is not None:
            steps: Schema = around["properties"]["steps"]
            steps["items"] = {"anyOf": [steps["items"], {"$ref": "#/$defs/IncludeText"}]}
    if phase is not None:
        phase["properties"].update(include["properties"])
        del phase["required"]
        phase["oneOf"] = [{"required": ["phase", "steps"]}, {"required": ["include"], "not": {"required": ["steps"]}}]


def _or_words(properties: Schema) -> Schema:
    """The properties with a text that has a word in braces wherever not every text would do."""

    def either(node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        inner = {
            key: either(value) if key in ("items", "additionalProperties") else value for key, value in node.items()
        }
        typed = node.get("type") in ("integer", "number", "boolean", "array")
        picky = typed or bool(node.keys() & {"pattern", "enum", "const", "anyOf"})
        return {"anyOf": [inner, _WORDS]} if picky else inner

    return {name: either(node) for name, node in properties.items()}


def _as_editors_need(model: type[BaseModel], reference: str = "#/$defs/{model}") -> Schema:
    schema = _as_written(model.model_json_schema(by_alias=True, mode="validation", ref_template=reference))
    assert isinstance(schema, dict)
    return schema


def _as_written(node: Any) -> Any:
    """What a person may write: any scalar for a text, and never nothing behind a key."""
    if isinstance(node, list):
        return [_as_written(one) for one in node]
    if not isinstance(node, dict):
        return node
    written = {key: _as_written(value) for key, value in node.items() if not (key == "default" and value is None)}
    if "anyOf" in written:
        written["anyOf"] = [one for one in written["anyOf"] if one != {"type": "null"}]
    if node.get("type") == "string" and not node.keys() & {"enum", "const", "pattern"}:
        written["type"] = ["string", "number", "boolean"]
    return written
