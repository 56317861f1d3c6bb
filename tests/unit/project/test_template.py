"""`init` writes the reference project, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.errors import WrongInput
from cutover.project import init
from cutover.project.template import template_files

REPOSITORY = Path(__file__).resolve().parents[3]


def test_the_reference_project_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "project"
    written = init(folder)
    names = {path.relative_to(folder).as_posix() for path in written}

    assert {"cutover.yaml", "migrations/flights.yaml", "runbooks/one_shot.yaml", "flows/go_live.py"} <= names
    assert all(path.read_bytes() == (REPOSITORY / path.relative_to(folder)).read_bytes() for path in written)
    assert not [name for name in names if "__pycache__" in name or ".cutover" in name]


def test_nothing_is_overwritten_and_nothing_is_half_written(tmp_path: Path) -> None:
    mine = tmp_path / "runbooks/phased.yaml"
    mine.parent.mkdir()
    mine.write_text("mine")

    with pytest.raises(WrongInput, match="is there already"):
        init(tmp_path)
    assert mine.read_text() == "mine"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]


def test_a_link_that_leads_nowhere_is_there_too(tmp_path: Path) -> None:
    (tmp_path / "cutover.yaml").symlink_to(tmp_path / "gone")

    with pytest.raises(WrongInput, match=r"cutover\.yaml' is there already"):
        init(tmp_path)


def test_a_second_time_is_refused(tmp_path: Path) -> None:
    init(tmp_path)

    with pytest.raises(WrongInput, match="more files are there already"):
        init(tmp_path)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(WrongInput, match="cannot be written: not a directory"):
        init(tmp_path / "file" / "project")


def test_what_was_written_before_it_broke_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / "validators").write_text("a file where a folder must be")

    with pytest.raises(WrongInput, match="cannot be written"):
        init(tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["validators"]


def test_an_installed_package_brings_its_own_template(tmp_path: Path) -> None:
    (tmp_path / "cutover/template/runbooks").mkdir(parents=True)
    for name in ("cutover.yaml", "runbooks/x.yaml"):
        (tmp_path / "cutover/template" / name).write_text("x: 1")

    assert list(template_files(tmp_path / "cutover")) == ["cutover.yaml", "runbooks/x.yaml"]


def test_an_installation_without_template_says_so(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="carries no reference project"):
        template_files(tmp_path / "cutover")
