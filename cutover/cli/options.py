"""Options that several commands share, and what the group hands to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Server(Protocol):
    """The project's own Prefect server, as `cutover ui` needs it."""

    def open_ui(self, state: Path, port: int) -> str:
        """Start the server when it is not running; the address of its page."""

    def stop_server(self, state: Path) -> bool:
        """Stop it; False when it was not running."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What was said before the verb, and the one thing the command line may not import itself."""

    project: Path | None
    server: Callable[[], Server]


def machine_readable(function: _Command) -> _Command:
    """Add `--json`: one JSON document on standard output and nothing else there."""
    return click.option("--json", "machine", is_flag=True, help="Print one JSON document instead of text.")(function)


def in_environment(function: _Command) -> _Command:
    """Add the obligatory `--env`."""
    return click.option("--env", "environment", required=True, metavar="NAME", help="Environment of cutover.yaml.")(
        function
    )


def as_json_wanted(words: Sequence[str]) -> bool:
    """Whether the arguments ask for JSON, for errors that happen before a command has parsed them."""
    return "--json" in words


def print_json(document: object) -> None:
    """One JSON document, readable, on standard output."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False, default=str))
