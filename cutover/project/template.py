"""
The reference project, or the skeleton of one, written into a folder to begin with.

A wheel carries it as `cutover/template/`; in an editable installation it is the repository itself
(`hatch_build.py` makes the one from the other).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cutover.errors import WrongInput
from cutover.project import places
from cutover.project.skeleton import name_of, skeleton

FILE = "cutover.yaml"
FOLDERS = ("migrations", "validators", "runbooks", "snippets", "flows")


def init(folder: Path, *, empty: bool = False) -> list[Path]:
    """
    Write the reference project, or with `empty` the skeleton of one, into `folder` and return its files.

    The folder is made when it is not there. Raises WrongInput, with nothing written, when one of the files is there
    already or the folder cannot be written.
    """
    found = _contents(folder.resolve().name, empty=empty)
    # Last, because it is what makes a folder a project: if this dies half-way there is none.
    wanted = {folder / name: content for name, content in sorted(found.items(), key=lambda one: one[0] == FILE)}
    there = [path for path in wanted if path.exists() or path.is_symlink()]
    if there:
        more = f" and {len(there) - 1} more files are" if len(there) > 1 else " is"
        raise WrongInput(f"{str(there[-1])!r}{more} there already", hint="choose an empty folder; nothing was written")
    written: list[Path] = []
    try:
        for path, content in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as stream:
                written.append(path)
                stream.write(content)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        said = (error.strerror or "it is not writable").lower()
        raise WrongInput(f"folder {str(folder)!r} cannot be written: {said}", hint="no file was kept") from error
    return sorted(written)


def _contents(folder: str, *, empty: bool) -> Mapping[str, bytes]:
    """Name in the project -> what stands in it."""
    found = template_files(Path(__file__).resolve().parents[1])
    if not empty:
        return {name: path.read_bytes() for name, path in found.items()}
    flows = {name: path.read_bytes() for name, path in found.items() if name.startswith(f"{places.FLOWS}/")}
    return {**flows, **{name: text.encode() for name, text in skeleton(name_of(folder)).items()}}


def template_files(package: Path) -> Mapping[str, Path]:
    """Name in the project -> where its content is; `package` is the folder of the installed package."""
    root = package / "template" if (package / "template").is_dir() else package.parent
    if not (root / FILE).is_file():
        raise WrongInput("this installation carries no reference project", hint="install cutover again, from a wheel")
    found = {FILE: root / FILE}
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            inside = path.relative_to(root)
            if path.is_file() and not any(part in ("__pycache__", ".cutover") for part in inside.parts):
                found[inside.as_posix()] = path
    return found
