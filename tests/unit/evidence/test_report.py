"""The page as text: complete, self-contained, and correct whatever people and databases put into names and values."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from jinja2 import UndefinedError

from cutover.evidence.ledger import rehearsal
from cutover.evidence.quarantine import Aside, Kept
from cutover.evidence.rendering import EVENT_SHOWN, compact, visible
from cutover.evidence.report import document, render
from cutover.journal.quarantine import QuarantinedRow
from cutover.model.event import Event
from cutover.model.status import EventKind as E
from cutover.redact import Secret
from tests.unit.evidence import facts, runs
from tests.unit.evidence.runs import Tape

SCRIPT = "<script>alert('x')</script>"
ODD = "copy \"flights\" & 'co' <b>/ü\u202e"
VOID = {"meta", "link", "input", "br"}


class Page(HTMLParser):
    """The elements of a page, and whether they close as they opened."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.wrong: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.wrong += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.wrong.append(f"</{tag}> at {self.getpos()}")


def page(events: list[Event], **more: Any) -> str:
    """The page of those events."""
    return render(document(events, chain_problems=[], **more))


@pytest.mark.parametrize("make", [runs.went_live, runs.came_back, runs.phased])
def test_every_element_closes_as_it_opened(make: Any) -> None:
    assert Page(page(make())).wrong == []


@pytest.mark.parametrize("end", [1, 2, 3, 5, 9, 20, 33, 45])
@pytest.mark.parametrize("make", [runs.went_live, runs.came_back, runs.phased])
def test_an_unfinished_run_has_a_page(make: Any, end: int) -> None:
    assert Page(page(make()[:end])).wrong == []


def test_nothing_is_fetched_from_anywhere() -> None:
    html = page(runs.went_live())

    loads = [(tag, attrs) for tag, attrs in Page(html).tags if {"src", "srcset", "data", "action"} & set(attrs)]
    links = [attrs["href"] for tag, attrs in Page(html).tags if tag == "link"]
    assert loads == []
    assert links == ["data:,"]
    assert not re.search(r"@import|url\((?!#)", re.sub(r'fill="url\(#hatch\)"', "", html))


def test_only_the_pages_own_style_and_script_are_allowed() -> None:
    html = page(runs.went_live())
    policy = next(attrs["content"] for _, attrs in Page(html).tags if attrs.get("http-equiv")) or ""

    for name, tag in (("style-src", "style"), ("script-src", "script")):
        (inlined,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inlined.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert " style=" not in html


def hostile() -> list[Event]:
    """A run in which every name and text is an attack."""
    steps = [
        runs.step(ODD, "copy", SCRIPT, wave=SCRIPT, says=SCRIPT, by=SCRIPT),
        runs.step("gate", "approve", says=SCRIPT),
    ]
    names = dict.fromkeys(("runbook", "path", "strategy", "owner", "project", "environment"), SCRIPT)
    tape = Tape().created(steps, **names, by={"user": SCRIPT, "host": SCRIPT}, planned={})
    tape.begin(ODD)
    finding = dict.fromkeys(("check", "table", "says"), SCRIPT)
    tape.say(E.FOUND, ODD, **finding, count=1, severity=SCRIPT, columns=[SCRIPT], samples=[[SCRIPT, "שלום", None]])
    tape.say(E.STEP_VERIFYING, ODD)
    null = {"column": SCRIPT, "reason": SCRIPT, "rows": 1}
    exception = {"id": SCRIPT, "reason": SCRIPT, "signed_by": SCRIPT, "rows": 1}
    copied = facts.table(SCRIPT, 3, excluded=1, nulled=1, nulls=[null], exclusions=[exception], reasons={SCRIPT: 1})
    tape.say(E.STEP_DONE, ODD, facts={"tables": [copied]})
    tape.begin("gate")
    tape.say(
        E.VOTED,
        "gate",
        person=SCRIPT,
        system_user=SCRIPT,
        role=SCRIPT,
        go=False,
        reason=SCRIPT,
        at=SCRIPT,
        evidence=SCRIPT,
    )
    tape.say(E.STEP_FAILED, "gate", detail=SCRIPT, code=SCRIPT, hint=SCRIPT)
    tape.say(E.NOTED, says=SCRIPT)
    tape.say(E.ROLLBACK_STARTED, reason=SCRIPT, automatic=False, drill=False, by={"user": SCRIPT, "host": SCRIPT})
    tape.undid(ODD, note=SCRIPT)
    tape.say(E.ROLLBACK_STUCK, reason=SCRIPT, steps=[], differences=[SCRIPT])
    return tape.ended(SCRIPT, 9, SCRIPT).events


def test_no_name_and_no_value_becomes_markup() -> None:
    row = QuarantinedRow(key=SCRIPT, values={SCRIPT: SCRIPT}, reasons=(SCRIPT,))
    html = page(hostile(), kept=Kept(aside=[Aside(table=SCRIPT, step=ODD, total=1, rows=[row])]))

    found = Page(html)
    assert found.wrong == []
    assert [tag for tag, _ in found.tags].count("script") == 1
    assert html.count("<script>") == 1
    assert html.count("&lt;script&gt;") > 30


def test_a_mark_that_turns_the_line_around_is_written_out_and_hebrew_stays_as_it_is() -> None:
    html = page(hostile())

    assert "\u202e" not in html
    assert "⟨U+202E⟩" in html
    assert "שלום" in html


def test_control_characters_are_seen() -> None:
    assert visible("a\x00b\x1b[31m\tc\n") == "a⟨U+0000⟩b⟨U+001B⟩[31m\tc\n"


def test_ten_thousand_events_are_one_page() -> None:
    tape = runs.prepared(Tape().created(runs.one_shot()))
    noted = [tape.say(E.NOTED, says=f"note {number}") for number in range(200)]
    more = [noted[number % 200] for number in range(10_000)]

    html = page([*tape.events, *more])

    assert html.count('<tr><td class="n">') > 10_000
    assert len(html) < 20_000_000


def test_a_long_event_is_cut_and_says_so() -> None:
    text = compact({"says": "x" * 10_000})

    assert len(text) < EVENT_SHOWN + 60
    assert text.endswith("characters more")
    assert compact({}) == ""


def test_the_numbers_of_the_identity_stand_in_the_page() -> None:
    html = page(runs.went_live())
    table = html.split('id="identity"')[1].split("</table>")[0]

    for number in ("336,776", "329,174", "7,602", "50,094", "367,687", "360,084"):
        assert f">{number}<" in table


def test_a_document_that_lacks_a_part_is_an_error_and_no_hole() -> None:
    whole = document(runs.went_live(), chain_problems=[])
    del whole["proof"]

    with pytest.raises(UndefinedError):
        render(whole)


def test_a_broken_chain_is_the_first_thing_on_the_page() -> None:
    html = render(document(runs.went_live(), chain_problems=["event 3 was edited"]))

    assert html.index("cannot be trusted") < html.index('class="strip')
    assert "event 3 was edited" in html
    assert "chain unbroken" not in html


def test_rows_left_behind_without_a_signature_are_said() -> None:
    tape = Tape().created([runs.step("copy", "copy")]).did("copy", tables=[facts.table("flight", 10, excluded=2)])

    assert "2 rows left behind, but 0 rows under signed exceptions" in page(tape.events)


def test_a_rollback_that_a_person_answers_for_says_who_why_and_what_differs() -> None:
    tape = Tape().created([runs.step("copy", "copy")], drill=True, mode="rehearsal")
    tape.say(E.PROOF, moment="before", world=facts.world())
    tape.did("copy", tables=[facts.table("flight", 1)])
    tape.say(E.ROLLBACK_STARTED, reason="r", automatic=False, drill=True, by=runs.BY)
    tape.undid("copy")
    tape.say(E.PROOF, moment="after", world=facts.world(changed=True))
    tape.say(E.ROLLED_BACK, differences=["new.(schema)"], accepted="the testers left a table <b>", by=runs.BY)

    told = document(tape.events, chain_problems=[])

    assert told["rollback"]["accepted"] == {"by": "ana on bastion-2", "reason": "the testers left a table <b>"}
    assert told["rollback"]["differences"] == ["new.(schema)"]
    assert "ana on bastion-2 answers for it: the testers left a table <b>" in told["alarms"][0]
    assert "the testers left a table &lt;b&gt;" in render(told)
    one = rehearsal(tape.events)
    assert one is not None
    assert (one.rollback_rehearsed, one.complete) == (False, False)


def test_a_rollback_that_was_proved_needs_nobody_to_answer_for_it() -> None:
    told = document(runs.came_back(), chain_problems=[])

    assert told["rollback"]["accepted"] is None


def test_a_signed_exception_says_who_signed_and_when() -> None:
    assert "eve, 2026-11-02" in page(runs.went_live())


def test_a_copy_that_was_undone_says_where_its_quarantine_went() -> None:
    gone = "its quarantine was dropped with it"

    assert gone in page(runs.came_back())
    assert gone not in page(runs.went_live())


def test_a_password_that_equals_a_name_of_ours_takes_nothing_out() -> None:
    Secret("digest")
    assert "digest" in document(runs.went_live(), chain_problems=[])["events"][0]
