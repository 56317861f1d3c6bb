"""The one door: Ctrl-C outside of an attempt has a status of its own, in text and in JSON."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cutover.app.workspace import open_workspace
from cutover.cli.main import INTERRUPTED, run
from cutover.cli.options import Server
from cutover.errors import ExitStatus
from tests.unit.app.small import RUNBOOK, small, write

DOCS = Path(__file__).resolve().parents[3] / "docs"
BEGUN = "the flow is being imported"
SLOW = f"""\
import time
from pathlib import Path
(Path(__file__).parents[1] / "begun").write_text("{BEGUN}")
time.sleep(60)
"""


def no_server() -> Server:
    raise AssertionError("this needs no server")


@pytest.mark.parametrize("machine", [[], ["--json"]], ids=["text", "json"])
def test_ctrl_c_before_a_run_is_made_makes_none(tmp_path: Path, machine: list[str]) -> None:
    small(tmp_path)
    write(tmp_path, "flows/rehearse.py", SLOW)
    words = [sys.executable, "-m", "cutover", "rehearse", str(RUNBOOK), "--env", "dev", *machine]

    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 30
        while not (tmp_path / "begun").is_file() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)

    assert process.returncode == INTERRUPTED, out + err
    assert "Traceback" not in out + err
    if machine:
        assert json.loads(out)["error"]["exit_status"] == INTERRUPTED
    else:
        assert (out, err.split("\n  next:")[0].strip()) == ("", "interrupted; nothing was undone")
        assert "cutover status" in err
    assert open_workspace(tmp_path).journal.runs() == ()


def test_the_status_is_no_other_and_stands_where_people_look(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"], server=no_server) == 0

    assert INTERRUPTED not in set(ExitStatus)
    assert f"{INTERRUPTED} interrupted" in capsys.readouterr().out
    assert re.search(rf"^\| {INTERRUPTED} \|", (DOCS / "exit-statuses.md").read_text(), flags=re.MULTILINE)
