"""
The reference project, written into a folder to begin with.

A wheel carries it as `cutover/template/`; in an editable installation it is the repository itself
(`hatch_build.py` makes the one from the other).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cutover.errors import WrongInput

FILE = "cutover.yaml"
FOLDERS = ("migrations", "validators", "runbooks", "flows")


def init(folder: Path) -> list[Path]:
    """
    Write the reference project into `folder` (made when it is not there) and return its files.

    Raises WrongInput, with nothing written, when one of them is there already or the folder cannot be written.
    """
    found = template_files(Path(__file__).resolve().parents[1])
    # Last, because it is what makes a folder a project: if this dies half-way there is none.
    wanted = {folder / name: source for name, source in sorted(found.items(), key=lambda one: one[0] == FILE)}
    there = [path for path in wanted if path.exists() or path.is_symlink()]
    if there:
        more = f" and {len(there) - 1} more files are" if len(there) > 1 else " is"
        raise WrongInput(f"{str(there[-1])!r}{more} there already", hint="choose an empty folder; nothing was written")
    written: list[Path] = []
    try:
        for path, source in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as stream:
                written.append(path)
                stream.write(source.read_bytes())
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        said = (error.strerror or "it is not writable").lower()
        raise WrongInput(f"folder {str(folder)!r} cannot be written: {said}", hint="no file was kept") from error
    return sorted(written)


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
