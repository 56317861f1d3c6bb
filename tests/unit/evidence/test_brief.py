"""A step in one line: its numbers agree with their nouns."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cutover.evidence.brief import brief
from cutover.evidence.data_sections import StepFacts
from cutover.evidence.report import document, render
from tests.unit.evidence import facts, runs
from tests.unit.evidence.runs import Tape

ONE_RULE = {"table": "a", "rows": 1, "rules": [{"rule": "r", "kind": "check", "failed": 0}]}


@pytest.mark.parametrize(
    ("kind", "returned", "says"),
    [
        ("copy", {"tables": [facts.table("a", 1)]}, "1 row loaded"),
        ("copy", {"tables": [facts.table("a", 2_000)]}, "2,000 rows loaded"),
        ("validate", {"tables": [ONE_RULE]}, "1 rule in 1 table holds"),
        ("validate", {"tables": [ONE_RULE, ONE_RULE]}, "2 rules in 2 tables hold"),
        ("check", {"checks": facts.checks()[:1]}, "1 of 1 check passed"),
        ("sql", {"file": "a.sql", "statements": 1}, "a.sql: 1 statement"),
    ],
)
def test_one_line(kind: str, returned: dict[str, Any], says: str) -> None:
    assert brief(StepFacts(step="s", kind=kind, facts=returned)) == says


def test_no_page_counts_one_as_many() -> None:
    tape = Tape().created([runs.step("copy", "copy")]).did("copy", tables=[facts.table("flight", 1)])
    tape.events[0].data["digests"]["files"] = {"a.yaml": ["sha256:a", "sha256:b"]}  # type: ignore[index]

    html = render(document(tape.events, chain_problems=[]))

    assert re.findall(r"\b1 (?:rows|chunks|steps|files|events|fingerprints|tables|rules|values)\b", html) == []
    assert "1 file, by digest" in html and "1 step as a table" in html
