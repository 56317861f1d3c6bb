"""
The page: one self-contained HTML file, drawn from the report's document by the templates beside this module.

Jinja's one door. Everything is escaped; a name that a template asks for and the document has not is an error;
the page's own style and script are allowed by their digests and nothing else is (Content-Security-Policy).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from cutover.evidence import words
from cutover.words import counted

#: Sections of the page, in order: anchor and heading.
SECTIONS = (
    ("scorecard", "Scorecard"),
    ("timeline", "Timeline"),
    ("rows", "Rows"),
    ("proofs", "Proofs"),
    ("findings", "Findings"),
    ("people", "Gates and people"),
    ("rollback", "Rollback"),
    ("record", "The record"),
)
#: Characters of one event's data in the event log; the rest is in the journal and in `cutover report --json`.
EVENT_SHOWN = 2_000

#: Characters that are not seen, or that turn around what is read (Unicode TR 36): control characters but for tab and
#: line feed, and the marks of writing direction. A name must not be able to look like another one.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def render(document: Mapping[str, Any]) -> str:
    """The page of that document (`report.document`) as one HTML text that fetches nothing."""
    environment = _environment()
    css, js = _file(environment, "report.css"), _file(environment, "report.js")
    return environment.get_template("report.html.j2").render(
        **document,
        sections=[one for one in SECTIONS if one[0] != "scorecard" or document["scorecard"]],
        css=css,
        css_digest=_digest(css),
        js=js,
        js_digest=_digest(js),
    )


def visible(value: Any) -> Any:
    """Text with its unseen characters written out as `⟨U+202E⟩`; everything else as it is."""
    if not isinstance(value, str) or hasattr(value, "__html__"):  # what is markup already was made from visible text
        return value
    return _UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", value)


def compact(data: Any) -> str:
    """An event's data on one line, cut to EVENT_SHOWN characters; empty for no data."""
    if not data:
        return ""
    text = json.dumps(data, ensure_ascii=False, separators=(", ", ": "))
    more = len(text) - EVENT_SHOWN
    return text if more <= 0 else f"{text[:EVENT_SHOWN]} … and {more:,} characters more"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("cutover.evidence"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    shown = (
        words.clock_time,
        counted,
        words.duration,
        words.moment,
        words.short,
        words.size,
        words.thousands,
        compact,
    )
    environment.filters |= {filter_.__name__: filter_ for filter_ in shown}
    return environment


def _file(environment: Environment, name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]


def _digest(text: str) -> str:
    """As a Content-Security-Policy names an inline style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
