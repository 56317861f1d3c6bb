"""The report in a real browser: its script runs, it fetches nothing, and everything stands in its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cutover.evidence.quarantine import Aside, Kept
from cutover.evidence.report import document, render
from cutover.journal.quarantine import QuarantinedRow
from cutover.model.event import Event
from tests.fixtures.browser import Browser
from tests.unit.evidence import runs
from tests.unit.evidence.test_report import hostile

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

RUNS: dict[str, Callable[[], list[Event]]] = {
    "went live": runs.went_live,
    "came back": runs.came_back,
    "waits": runs.phased,
    "hostile": hostile,
}

#: Elements that stick out of the page to the right or out of their drawing, and neighbours that lie on each other.
OUT_OF_PLACE = """
const page = document.documentElement.clientWidth;
const wide = [...document.querySelectorAll("main *, header *, footer *")].filter(
  (one) => !one.closest(".scroll, nav, defs") && one.getBoundingClientRect().right > page + 1);
const stray = [...document.querySelectorAll(".gantt .row.step rect")].filter((one) => {
  const box = one.getBoundingClientRect(), drawing = one.closest("svg").getBoundingClientRect();
  return box.left < drawing.left - 1 || box.right > drawing.right + 1 || box.width < 1;
});
const apart = (one, other) => one.right <= other.left + 0.5 || other.right <= one.left + 0.5
  || one.bottom <= other.top + 0.5 || other.bottom <= one.top + 0.5;
const clashes = [];
const compare = (boxes, what) => boxes.forEach((box, n) => boxes.slice(n + 1).forEach((other) => {
  if (box.width && other.width && !apart(box, other)) clashes.push(what);
}));
for (const row of document.querySelectorAll(".gantt .row.step")) {
  compare([...row.children].map((one) => one.getBoundingClientRect()), row.dataset.step);
}
compare([...document.querySelectorAll(".gantt .axis text")].map((one) => one.getBoundingClientRect()), "axis");
compare([...document.querySelectorAll(".strip li")].map((one) => one.getBoundingClientRect()), "strip");
return {
  scrolls: document.documentElement.scrollWidth - page,
  wide: wide.map((one) => one.outerHTML.slice(0, 80)),
  stray: stray.map((one) => one.outerHTML.slice(0, 80)),
  clashes,
};
"""


@pytest.fixture
def page(tmp_path: Path) -> Callable[[str], Path]:
    """Writes the page of one of the made-up runs."""
    row = QuarantinedRow(key="1010", values={"wind_speed": "1048.36", "gust": None}, reasons=("wind_speed:max",))
    kept = Kept(aside=[Aside(table="weather_observation", step="copy-weather", total=1, rows=[row])])

    def write(name: str) -> Path:
        file = tmp_path / f"{name.replace(' ', '-')}.html"
        file.write_text(render(document(RUNS[name](), chain_problems=[], kept=kept)), encoding="utf-8")
        return file

    return write


@pytest.mark.parametrize("name", RUNS)
def test_the_script_runs_and_nothing_is_fetched_or_complained_of(
    name: str, page: Callable[[str], Path], browser: Browser
) -> None:
    seen = browser.look(page(name))

    assert (seen.console, seen.asked) == ([], [])
    assert 'id="find-event"' in seen.dom
    assert "hidden" not in seen.dom.split('id="find-event"')[1].split(">")[0]


def test_what_would_be_fetched_would_be_noticed(tmp_path: Path, browser: Browser) -> None:
    """The check above can fail: a page that asks for a picture and complains is caught at both."""
    bad = tmp_path / "bad.html"
    bad.write_text('<img src="http://cutover.invalid/x.png"><script>console.error("broken")</script>', encoding="utf-8")

    seen = browser.look(bad)

    assert "cutover.invalid" in seen.asked
    assert any("broken" in line for line in seen.console)


def test_a_script_that_is_not_the_pages_own_does_not_run(page: Callable[[str], Path], browser: Browser) -> None:
    file = page("went live")
    smuggled = file.with_name("smuggled.html")
    script = "<script>document.title = 'smuggled'</script>"
    smuggled.write_text(file.read_text(encoding="utf-8").replace("</main>", f"{script}</main>"), encoding="utf-8")

    seen = browser.look(smuggled)

    assert "<title>smuggled" not in seen.dom
    assert any("Content Security Policy" in line for line in seen.console)


def test_every_step_has_its_bar_and_the_identity_its_numbers(page: Callable[[str], Path], browser: Browser) -> None:
    script = """
    const bars = [...document.querySelectorAll(".gantt .row.step")].map(
      (row) => [row.dataset.step, row.querySelectorAll("rect:not(.cut):not(.plan)").length]);
    const cells = [...document.querySelectorAll("#identity tfoot td.n")].map((cell) => cell.innerText);
    return {bars, cells};
    """

    found = browser.measure(page("went live"), script)

    assert [name for name, bars in found["bars"] if bars] == [name for name, *_ in runs.ONE_SHOT]
    assert found["cells"] == ["367,687", "360,084", "1", "7,602", "50,094"]


def test_the_event_log_can_be_filtered(page: Callable[[str], Path], browser: Browser) -> None:
    script = """
    const field = document.getElementById("find-event");
    field.value = "COPY-weather";
    field.dispatchEvent(new Event("input"));
    const rows = [...document.querySelectorAll("#event-log tbody tr")].filter((row) => !row.hidden);
    const all = rows.every((row) => row.textContent.includes("copy-weather"));
    return [document.getElementById("events-shown").textContent, all];
    """

    assert browser.measure(page("went live"), script) == ["5 of 80 events", True]


@pytest.mark.parametrize("width", [420, 800, 1280])
@pytest.mark.parametrize("name", RUNS)
def test_everything_stays_inside_and_nothing_lies_on_anything_else(
    name: str, width: int, page: Callable[[str], Path], browser: Browser
) -> None:
    found = browser.measure(page(name), OUT_OF_PLACE, width=width)

    assert found == {"scrolls": 0, "wide": [], "stray": [], "clashes": []}


def test_both_themes_are_drawn_and_differ(page: Callable[[str], Path], browser: Browser, tmp_path: Path) -> None:
    light, dark = tmp_path / "light.png", tmp_path / "dark.png"

    browser.picture(page("came back"), light)
    browser.picture(page("came back"), dark, dark=True)

    assert light.stat().st_size > 20_000
    assert light.read_bytes() != dark.read_bytes()
