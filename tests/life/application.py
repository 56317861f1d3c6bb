"""An application with its connection file, and the two databases that it may use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cutover.dataplane.database import Database
from tests.life.world import DEV, World

OLD = '{"default": "old"}\n'


def application_world(root: Path, make_database: Callable[..., Database]) -> World:
    """An application that uses `old`, and both databases."""
    urls = {name: make_database("sqlite", name).engine.url.render_as_string() for name in ("old", "new")}
    (root / "app").mkdir()
    file = root / "app/application.json"
    file.write_text(OLD)
    return World(root, urls, environment=replace(DEV, application=file))


def file_of(world: World) -> Path:
    assert world.environment.application is not None
    return world.environment.application


def text(world: World) -> str:
    return file_of(world).read_bytes().decode()


def write(world: World, content: str) -> None:
    file_of(world).write_bytes(content.encode())


def names(world: World) -> list[str]:
    """What lies beside the file, and the file: nothing may be left there."""
    return sorted(path.name for path in file_of(world).resolve().parent.iterdir())
