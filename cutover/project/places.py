"""
Where the files of a project are, and whether a name that somebody wrote leads to one of them.

A name is relative to a folder of the project and must not leave it, neither by `..` nor by a link.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

RUNBOOKS, SNIPPETS, MIGRATIONS, VALIDATORS, FLOWS = "runbooks", "snippets", "migrations", "validators", "flows"


def shown(root: Path, path: Path) -> str:
    """The path as messages and digests name it: relative to the project folder, absolute when it is outside."""
    for place, base in ((path, root), (path.resolve(), root.resolve())):
        if place.is_relative_to(base):
            return place.relative_to(base).as_posix()
    return path.as_posix()


def yaml_files(root: Path, folder: str) -> list[Path]:
    """The `*.yaml` files that stand directly in a folder of the project, by name."""
    return sorted(path for path in (root / folder).glob("*.yaml") if not path.name.startswith("."))


def files_below(root: Path, folder: str, *endings: str) -> Iterator[Path]:
    """Every file below a folder of the project with one of the endings, without hidden and compiled ones."""
    for path in sorted((root / folder).rglob("*")):
        inside = path.relative_to(root / folder).parts
        if (
            path.suffix in endings
            and path.is_file()
            and not any(part.startswith((".", "__pycache__")) for part in inside)
        ):
            yield path


def not_a_file(root: Path, folder: str, name: str) -> str:
    """What is wrong with `name` as a file below `folder` of the project; empty when it is one."""
    base = (root / folder).resolve()
    try:
        place = (base / name).resolve()
        if not place.is_relative_to(base):
            return f"file {name!r} is outside of the {f'folder {folder}/' if folder else 'project folder'}"
        if place.is_dir():
            return f"{name!r} is a folder, not a file"
        return "" if place.is_file() else f"file {(Path(folder) / name).as_posix()!r} is not there"
    except (OSError, ValueError):
        return f"{name!r} is no name of a file"


def files_there(root: Path, folder: str, ending: str) -> str:
    """The files that could have been meant, for a hint."""
    return "files there: " + (", ".join(names_below(root, folder, ending)[:12]) or "none")


def names_below(root: Path, folder: str, ending: str) -> list[str]:
    """The files below a folder of the project with that ending, named relative to the folder."""
    return [path.relative_to(root / folder).as_posix() for path in files_below(root, folder, ending)]
