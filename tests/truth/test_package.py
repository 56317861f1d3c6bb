"""What is installed: one package with everything it needs, that works where there is no repository."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.truth.test_sources import ROOT, relative, tracked

TEMPLATE = ("cutover.yaml", "migrations/", "validators/", "runbooks/", "snippets/", "flows/")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the backend itself: nothing is downloaded for it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("cutover-*-py3-none-any.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package in it, and nothing of the repository."""
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile"]
    command += ["--disable-pip-version-check", "--target", str(folder), str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def run(installed: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Python without its site: what an editable installation adds to the path is not there either."""
    path = os.pathsep.join([str(installed), sysconfig.get_path("purelib")])
    command = [sys.executable, "-S", *words]
    environ = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True, check=False, timeout=120)


def test_it_holds_one_package(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert "cutover" in tops
    assert {top for top in tops if not top.endswith(".dist-info")} == {"cutover"}
    assert [name for name in names if "__pycache__" in name or name.endswith(".pyc")] == []


def test_every_file_of_the_package_is_in_it(names: set[str]) -> None:
    """Code, the report's templates, `py.typed`: whatever stands under `cutover/` in the repository."""
    here = set(relative(tracked(".py", ".j2", ".css", ".js", ".sql", ".typed")))
    mine = {path for path in here if path.startswith("cutover/")}

    assert "cutover/py.typed" in mine and any(path.endswith(".j2") for path in mine)
    assert mine - names == set()


def test_the_reference_project_is_its_template(names: set[str], wheel: Path) -> None:
    """The same files with the same content: there is no second copy to fall behind."""
    project = {path for path in relative(tracked("")) if path.startswith(TEMPLATE)}
    inside = {name.removeprefix("cutover/template/") for name in names if name.startswith("cutover/template/")}

    assert inside == project
    with zipfile.ZipFile(wheel) as archive:
        for path in project:
            assert archive.read(f"cutover/template/{path}") == (ROOT / path).read_bytes()


def test_a_new_project_from_it_is_right(installed: Path, tmp_path: Path) -> None:
    where = run(installed, "-c", "import cutover, sys; print(cutover.__file__, *sys.path, sep='\\n')", cwd=tmp_path)
    made = run(installed, "-m", "cutover", "init", "flights", cwd=tmp_path)
    linted = run(installed, "-m", "cutover", "lint", cwd=tmp_path / "flights")

    package, *path = where.stdout.splitlines()
    assert package == str(installed / "cutover" / "__init__.py")
    assert str(ROOT) not in path
    assert made.returncode == 0, made.stderr
    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert "0 errors" in linted.stdout or "nothing wrong" in linted.stdout
