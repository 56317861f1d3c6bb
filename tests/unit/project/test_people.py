"""What `cutover.yaml` says of people: defaults that are strict where it counts, and what contradicts itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.errors import WrongInput
from cutover.model.people import Comms, Duty, Topic, Votes
from cutover.model.project import Project
from cutover.project import load_project
from cutover.redact import redact

BASE = """\
project: shop
environments:
  test:
    databases: {old: sqlite:///old.db}
  production:
    live: true
    databases: {old: sqlite:///old.db}
    roles: {owner: [ana], incident manager: [ines]}
    requires: [{environment: test}]
"""


def loaded(root: Path, *, top: str = "", production: str = "", test: str = "") -> Project:
    text = BASE.replace("  production:\n", f"{test}  production:\n")
    (root / "cutover.yaml").write_text(f"{top}{text}{production}")
    return load_project(root)


def refused(root: Path, **texts: str) -> str:
    with pytest.raises(WrongInput) as told:
        loaded(root, **texts)
    return str(told.value)


def test_where_it_counts_votes_are_signed_and_duties_separate(tmp_path: Path) -> None:
    project = loaded(tmp_path)

    live, test = project.environments["production"], project.environments["test"]
    assert (live.votes, live.separate_duties) == (Votes.SIGNED, True)
    assert (test.votes, test.separate_duties, test.comms) == (Votes.DECLARED, False, Comms.OFF)
    assert project.signers.allowed == tmp_path / "allowed_signers"


def test_what_is_said_counts(tmp_path: Path) -> None:
    top = """\
signers: keys/people
revoked_keys: keys/gone
author: dan
contacts: {ana: {mail: ana@example.org, phone: "+49 30"}}
channels:
  team: "env:TEAM"
  mail: {url: "file:mail.url", hears: [asked, break-glass], to_people: true}
sla: {gate: 30 min, review: 2 d}
"""
    project = loaded(
        tmp_path,
        top=top,
        production="    votes: declared\n    break_glass: incident manager\n    comms: on\n",
        test="    separation_of_duties: true\n",
    )

    assert project.signers.revoked == tmp_path / "keys" / "gone"
    assert project.author == ("dan",)
    assert project.contacts["ana"].phone == "+49 30"
    team, mail = project.channels
    assert (team.url, team.hears, team.to_people) == ("env:TEAM", frozenset(Topic), False)
    assert (mail.hears, mail.to_people) == (frozenset({Topic.ASKED, Topic.BREAK_GLASS}), True)
    assert project.sla == {Duty.GATE: 1800.0, Duty.REVIEW: 172_800.0}
    live = project.environments["production"]
    assert (live.votes, live.break_glass, live.comms) == (Votes.DECLARED, ("incident manager",), Comms.ON)
    assert project.environments["test"].separate_duties


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ({"production": "    separation_of_duties: false\n"}, "a live environment cannot switch the separation"),
        ({"production": "    break_glass: nobody\n"}, "nobody has the role 'nobody' that may break the glass"),
        ({"production": "    comms: test\n"}, "comms: test sends everything to the channel 'test', and there is none"),
        ({"production": "    comms: on\n"}, "comms: on, and the project has no channel"),
        ({"top": 'channels: {test: "env:T"}\n', "production": "    comms: on\n"}, "the project has no channel"),
        ({"production": "    comms: maybe\n"}, "comms"),
        ({"top": "contacts: {ana: {mail: nobody}}\n"}, "must be a mail address like"),
        ({"top": "contacts: {ana: {mail: 'a@b,c@d'}}\n"}, "must be a mail address like"),
        ({"top": "sla: {gate: 30}\n"}, "must be a duration like"),
        ({"top": "channels: {team: {url: 'env:T', hears: []}}\n"}, "hears"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_line(texts: dict[str, str], says: str, tmp_path: Path) -> None:
    said = refused(tmp_path, **texts)

    assert says in said and said.startswith("cutover.yaml:")


@pytest.mark.parametrize("channel", ['"json://u:canary-of-a-channel@h/"', '{url: "slack://canary-of-a-channel/B/C"}'])
def test_case_58_an_apprise_url_in_the_file_is_refused_and_not_repeated(channel: str, tmp_path: Path) -> None:
    said = refused(tmp_path, top=f"channels: {{team: {channel}}}\n")

    assert "must be env:NAME or file:PATH" in said and "canary" not in said
    assert "canary" not in redact(f"a log that has {channel[1:-1].removeprefix('url: ').strip(chr(34))}")
