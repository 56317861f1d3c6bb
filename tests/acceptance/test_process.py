"""The command as it is really started: by its name or by `python -m`, with pipes, signals, and a defect of ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from cutover import __version__
from cutover.cli.main import INTERRUPTED, Commands
from cutover.errors import ExitStatus
from tests.fixtures.shop import REPOSITORY, Shop

MODULE = (sys.executable, "-m", "cutover")
SCRIPT = (str(Path(sys.executable).with_name("cutover")),)
HEAVY = {"sqlalchemy", "psycopg", "polars", "pandera", "prefect", "pyarrow", "rich"}
RUNBOOK = "runbooks/one_shot.yaml"

#: A step that takes as long as a table says, so that the resumed run need not wait.
SLOW = """\
      - step: slow
        check:
          in: new
          checks: [{sql: "SELECT count(*) FROM pg_sleep((SELECT seconds FROM pace))", expect: "1", says: it takes time}]
      - step: back-up-old
"""


def start(command: Sequence[str], **more: object) -> subprocess.CompletedProcess[str]:
    """Run it to its end from the repository's folder, or from `cwd`."""
    settings = {"cwd": REPOSITORY, "capture_output": True, "text": True, "timeout": 60, **more}
    return subprocess.run(list(command), check=False, **settings)  # type: ignore[call-overload, no-any-return]


def imported(ended: subprocess.CompletedProcess[str]) -> set[str]:
    """The top-level packages that a process started with `-X importtime` has imported."""
    lines = [line for line in ended.stderr.splitlines() if line.startswith("import time:")]
    assert len(lines) > 50
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.mark.parametrize("command", [MODULE, SCRIPT], ids=["module", "script"])
def test_help_names_every_verb_and_every_exit_status(command: tuple[str, ...]) -> None:
    if not Path(command[0]).exists():
        pytest.skip(f"{command[0]} is not installed")

    ended = start([*command, "--help"])

    assert (ended.returncode, ended.stderr) == (0, "")
    listed = [line.split()[0] for line in ended.stdout.split("Commands:")[1].splitlines() if line.startswith("  ")]
    assert [verb for verb in listed if verb in Commands.ORDER] == list(Commands.ORDER)
    files = (REPOSITORY / "cutover" / "cli").glob("*_command.py")
    assert sorted(Commands.ORDER) == sorted(file.stem.removesuffix("_command").replace("_", "-") for file in files)
    statuses = ended.stdout.split("Exit status:")[1].replace("·", " ")
    assert [int(word) for word in statuses.split() if word.isdigit()] == [*sorted(map(int, ExitStatus)), INTERRUPTED]


def test_help_imports_no_heavy_library() -> None:
    ended = start([sys.executable, "-X", "importtime", "-m", "cutover", "--help"])

    assert "click" in imported(ended)
    assert imported(ended) & HEAVY == set()


@pytest.mark.parametrize("verb", Commands.ORDER)
def test_every_verb_has_help_and_imports_nothing_heavy_for_it(verb: str) -> None:
    ended = start([sys.executable, "-X", "importtime", "-m", "cutover", verb, "--help"])

    assert ended.returncode == 0
    assert ended.stdout.startswith(f"Usage: cutover {verb} ")
    assert imported(ended) & HEAVY == set()


def test_version() -> None:
    ended = start([*MODULE, "--version"])

    assert (ended.returncode, ended.stdout.strip()) == (0, f"cutover, version {__version__}")


def test_a_mistyped_verb_gets_the_nearest_one_suggested() -> None:
    ended = start([*MODULE, "rehears"])

    assert ended.returncode == 2
    assert "Did you mean 'rehearse'?" in ended.stderr


def unread(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
    """Run the command into a pipe that is broken before the first line is written."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return start([*MODULE, *words], capture_output=False, stdout=writing, stderr=subprocess.PIPE, **more)
    finally:
        os.close(writing)


@pytest.mark.parametrize("words", [["--help"], ["lint", "--schema", "runbook"]], ids=["help", "much"])
def test_a_reader_that_goes_away_is_no_failure(words: list[str]) -> None:
    ended = unread(*words)

    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_run_is_not_stopped_by_its_own_printing(shop: Shop) -> None:
    ended = unread("rehearse", RUNBOOK, "--env", "dev", cwd=shop.root, env=shop.environ)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert shop.cutover("status", "dev-1", "--json").json["status"] == "completed"


def test_a_refusal_that_nobody_reads_is_a_refusal(shop: Shop) -> None:
    ended = unread("go-live", RUNBOOK, "--env", "production", "--json", cwd=shop.root, env=shop.environ)

    assert (ended.returncode, ended.stderr) == (4, "")


def test_head_reads_one_line() -> None:
    pipeline = f"set -o pipefail; '{sys.executable}' -m cutover lint --schema runbook | head -1"

    ended = start(["bash", "-c", pipeline])

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "{\n", "")


def test_without_any_standard_output() -> None:
    ended = start(["bash", "-c", f"'{sys.executable}' -m cutover read runbooks/one_shot.yaml >&-"])

    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.fixture
def slow(shop: Shop) -> Shop:
    """A shop whose second step sleeps for as long as the table `pace` of its new system says."""
    shop.edit(RUNBOOK, "      - step: back-up-old\n", SLOW)
    shop.new("dev", "CREATE TABLE pace AS SELECT 60 AS seconds")
    return shop


@contextmanager
def sleeping(shop: Shop, *words: str) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, once its slow step is at work."""
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
    with subprocess.Popen(
        [*MODULE, *words],
        cwd=shop.root,
        env=dict(shop.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            deadline = time.monotonic() + 60
            while shop.new("dev", asleep) == [(0,)]:
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline, "the slow step did not begin"
                time.sleep(0.05)
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_leaves_at_once_and_undoes_nothing(slow: Shop, number: signal.Signals) -> None:
    with sleeping(slow, "rehearse", RUNBOOK, "--env", "dev") as process:
        process.send_signal(number)
        until(lambda: slow.cutover("status", "dev-1", "--json").json["asked"] == "pause")
        assert process.poll() is None, "the first one lets the step end, which takes a minute"
        process.send_signal(number)
        out, err = process.communicate(timeout=15)

    assert process.returncode == 5, out + err
    assert "a second Ctrl-C leaves at once" in out
    assert "dev-1: interrupted" in out and "cutover resume dev-1" in out
    assert "Traceback" not in err
    assert slow.new("dev", "SELECT to_regclass('customer') IS NOT NULL") == [(True,)]
    status = slow.cutover("status", "dev-1", "--json").json
    assert (status["status"], [step["status"] for step in status["steps"]][1:3]) == ("interrupted", ["done", "unknown"])

    slow.new("dev", "UPDATE pace SET seconds = 0")
    resumed = slow.cutover("resume", "dev-1")
    assert resumed.status == 0, resumed.out + resumed.err
    assert slow.new("dev", 'SELECT count(*) FROM "order"') == [(1995,)]


def until(holds: Callable[[], bool]) -> None:
    """Wait a minute at most."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("asked", ["signal", "command"])
def test_a_pause_lets_the_step_end(slow: Shop, asked: str) -> None:
    slow.new("dev", "UPDATE pace SET seconds = 4")
    with sleeping(slow, "rehearse", RUNBOOK, "--env", "dev") as process:
        if asked == "signal":
            process.send_signal(signal.SIGINT)
        else:
            answer = slow.cutover("pause", "dev-1", "--reason", "lunch")
            assert (answer.status, "paused" in answer.out) == (0, True), answer.out + answer.err
        out, err = process.communicate(timeout=60)

    assert process.returncode == 5, out + err
    assert "dev-1: paused — paused: pause was asked for" in out
    status = slow.cutover("status", "dev-1", "--json").json
    assert (status["status"], [step["status"] for step in status["steps"]][1:3]) == ("paused", ["done", "done"])
    assert slow.cutover("resume", "dev-1").status == 0


def test_a_rollback_and_a_stop_from_another_terminal(slow: Shop) -> None:
    slow.new("dev", "UPDATE pace SET seconds = 4")
    with sleeping(slow, "rehearse", RUNBOOK, "--env", "dev") as process:
        planned = slow.cutover("rollback", "dev-1", "--plan")
        assert planned.status == 0 and "would now undo" in planned.out, planned.out + planned.err
        answer = slow.cutover("rollback", "dev-1", "--reason", "the phones are down")
        out, err = process.communicate(timeout=60)

    assert (answer.status, process.returncode) == (0, 0), answer.out + answer.err + out + err
    assert "dev-1: rolled back" in answer.out
    assert slow.new("dev", "SELECT to_regclass('customer') IS NULL") == [(True,)]

    with sleeping(slow, "rehearse", RUNBOOK, "--env", "dev") as process:
        answer = slow.cutover("stop", "dev-2", "--reason", "enough", "--json")
        out, err = process.communicate(timeout=60)

    assert (answer.status, process.returncode) == (0, 3), out + err
    assert (answer.json["status"], "create-schema" in answer.json["in_place"]) == ("stopped", True)
    assert slow.new("dev", "SELECT to_regclass('customer') IS NOT NULL") == [(True,)]
    assert slow.cutover("resume", "dev-2").status == 2


def test_what_cannot_be_asked_is_refused(shop: Shop) -> None:
    assert "not in the journal" in shop.cutover("pause", "dev-1").err
    assert shop.cutover("rehearse", RUNBOOK, "--env", "dev").status == 0
    planned = shop.cutover("rollback", "dev-1", "--plan")
    assert planned.status == 0, planned.out + planned.err
    assert "delete 1,995 rows from order, 300 rows from customer" in planned.out
    assert "lost: 2,295 rows that were moved" in planned.out
    refusals = (
        ("pause", "dev-1"),
        ("stop", "dev-1", "--reason", "x"),
        ("reset", "dev-1", "create-schema", "--to", "done", "--reason", "x"),
        ("rollback", "dev-1"),
    )
    for words in refusals:
        refused = shop.cutover(*words)
        assert refused.status == 2, words
        assert "next:" in refused.err or "--reason" in refused.err


def test_a_killed_run_is_shown_as_interrupted(slow: Shop) -> None:
    with sleeping(slow, "rehearse", RUNBOOK, "--env", "dev") as process:
        at_work = slow.cutover("status", "--json").json["runs"]
        process.kill()
        process.wait(10)

    assert at_work[0]["status"] == "running"
    assert slow.cutover("status", "--json").json["runs"][0]["status"] == "interrupted"
    assert "cutover resume dev-1" in slow.cutover("status", "dev-1").out


DEFECT = """\
import os, sys
if "rehearse" in sys.argv:
    from cutover.steps.check import Check
    def run(self, ctx):
        raise ZeroDivisionError(f"nobody thought of {os.environ['SHOP_PASSWORD']}")
    Check.run = run
"""


def test_a_defect_of_ours_is_said_without_any_secret(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(DEFECT)
    path = os.pathsep.join([str(tmp_path), shop.environ["PYTHONPATH"]])

    ended = start(
        [*MODULE, "rehearse", RUNBOOK, "--env", "dev"], cwd=shop.root, env={**shop.environ, "PYTHONPATH": path}
    )

    assert ended.returncode == 1
    assert "CUT-000" in ended.stderr and "ZeroDivisionError: nobody thought of" in ended.stderr
    status = shop.cutover("status", "dev-1", "--json").json
    assert (status["status"], status["steps"][0]["status"]) == ("attention", "unknown")
    kept = b"".join(file.read_bytes() for file in shop.root.rglob("*") if file.is_file())
    assert shop.server.password.encode() not in kept
    assert shop.server.password not in ended.stdout + ended.stderr
    assert shop.cutover("resume", "dev-1").status == 0
