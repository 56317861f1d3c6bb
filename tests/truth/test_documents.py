"""What the documents say, checked against the code: pages, links, exit statuses, layers, commands."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cutover.errors import ExitStatus
from tests.truth.test_sources import ROOT, relative, tracked

PAGES = relative(tracked(".md"))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def kinds() -> list[str]:
    """The step kinds by name, read from the table without importing what it imports."""
    table = (ROOT / "cutover" / "kinds.py").read_text(encoding="utf-8")
    found = re.findall(r'^    "(\w+)": \w+,$', table, flags=re.MULTILINE)
    assert len(found) >= 11
    return found


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def configuration() -> dict[str, Any]:
    return tomllib.loads(text("pyproject.toml"))


@pytest.mark.parametrize("kind", kinds())
def test_every_step_kind_has_its_page(kind: str) -> None:
    page = ROOT / "docs" / "steps" / f"{kind}.md"
    assert page.is_file()
    assert f"{kind}:" in page.read_text(encoding="utf-8"), "the page shows no example of the step in YAML"


@pytest.mark.parametrize("kind", kinds())
def test_every_step_kind_has_one_file(kind: str) -> None:
    places = (ROOT / "cutover" / "steps" / f"{kind}.py", ROOT / "cutover" / "steps" / kind / "__init__.py")
    assert sum(place.is_file() for place in places) == 1


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    here = (ROOT / page).parent
    for target in LINK.findall(text(page)):
        if re.match(r"[a-z]+:", target) or target.startswith("#"):
            continue
        assert (here / target.split("#")[0]).exists(), f"{page} links to {target}"


def test_every_page_of_the_documentation_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        targets = (page.parent / target.split("#")[0] for target in LINK.findall(page.read_text(encoding="utf-8")))
        waiting += [target.resolve() for target in targets if target.suffix == ".md" and target.is_file()]
    unreachable = {ROOT / page for page in PAGES if page.startswith("docs/")} - seen
    assert sorted(path.name for path in unreachable) == []


@pytest.mark.parametrize("status", list(ExitStatus), ids=lambda status: status.name)
def test_every_exit_status_is_documented(status: ExitStatus) -> None:
    assert re.search(rf"^\|\s*{int(status)}\s*\|", text("docs/exit-statuses.md"), flags=re.MULTILINE)


def test_layers_in_the_map_are_the_layers_that_are_enforced() -> None:
    drawn = text("docs/map.md").split("```text\n")[1].split("```")[0]
    said = [re.split(r"\s{3,}", re.sub(r"\s*\|\s*", " | ", line))[0].strip() for line in drawn.splitlines()]
    contracts = configuration()["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    assert said == layers


def test_the_two_commands_stand_at_the_top_of_the_readme() -> None:
    top = text("README.md").splitlines()[:15]
    assert [line.split("#")[0].strip() for line in top if line.startswith("make ")] == ["make demo", "make test"]


def test_every_make_target_says_what_it_does() -> None:
    targets = re.findall(r"^([a-z][a-z-]*):(.*)$", text("Makefile"), flags=re.MULTILINE)
    assert len(targets) > 5
    assert [name for name, rest in targets if "## " not in rest] == []


def test_a_change_has_its_fragment() -> None:
    assert list((ROOT / "changes").glob("[0-9][0-9][0-9][0-9]-*.md"))
