"""
How long a long journal makes people wait: `cutover status`, and where a resumed run goes on.

    python -m benchmarks.journal [EVENTS]

100,000 events in two shapes, on SQLite and on PostgreSQL: `history` is 400 rehearsals that have ended, `one run` is a
single run that died in its last step. `status` is the whole command with the start of its process, the best of several;
`resume` is what `cutover resume` reads and folds until the engine knows its next step. Exits 1 when one is too slow.
"""

from __future__ import annotations

import os
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks import journals, results
from cutover.app import overview, runs
from cutover.app.standing import scope_of, state_of
from cutover.app.workspace import open_workspace, who_am_i
from cutover.engine.recorder import Recorder
from cutover.journal.database import JournalDatabase
from cutover.journal.postgresql_database import PostgresqlDatabase
from cutover.journal.sqlite_database import SqliteDatabase
from cutover.redact import Secret
from demo.embedded import Server, start

EVENTS = 100_000
RUNS = 400
ROUNDS = 7
STATUS_MAY_TAKE = 0.6  # seconds
RESUME_MAY_TAKE = 1.0

COMMAND = "make bench-journal"

_PROJECT = """\
project: bench
journal: {journal}
prefect: {{use: "off"}}
environments:
  dev:
    databases: {{old: "sqlite:///old.db"}}
    people: simulated
"""


def history(events: int) -> journals.LongJournal:
    """Rehearsals of 40 steps that have ended, as many events in each."""
    made = journals.LongJournal()
    findings = max((events // RUNS - 5) // 40 - 5, 0)
    while made.events < events:
        made.run("dev", journals.rehearsal("dev", 40, findings))
    return made


def one_run(events: int) -> journals.LongJournal:
    """One run of 200 steps that has all the events."""
    made = journals.LongJournal()
    made.run("dev", journals.long_run("dev", 200, events))
    return made


def measure(project: Path, run: str) -> dict[str, float]:
    """Seconds: of the first `cutover status` with nothing kept, of the later ones, and until a resumed run knows."""
    first, _ = _status(project)
    workspace = open_workspace(project)
    for head in workspace.journal.heads():
        overview.keep(workspace, head.run)  # as the end of each attempt does
    status = [_status(project) for _ in range(ROUNDS)]
    return {
        "status_s": round(min(wall for wall, _ in status), 3),
        "status_cpu_s": round(min(cpu for _, cpu in status), 3),
        "status_first_s": round(first, 3),
        "resume_s": round(min(_resume(project, run) for _ in range(ROUNDS)), 3),
    }


def _status(project: Path) -> tuple[float, float]:
    """Seconds that pass, and seconds of a processor."""
    began, before = time.perf_counter(), _cpu()
    subprocess.run([sys.executable, "-m", "cutover", "status"], cwd=project, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began, _cpu() - before


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _resume(project: Path, run: str) -> float:
    """What `cutover resume` asks the journal before its first step, from the opening on."""
    began = time.perf_counter()
    workspace = open_workspace(project)
    about = runs.about(workspace, run)
    with workspace.journal.acquire(scope_of(about.environment), run, who_am_i()):
        state_of(workspace, run)
        state = Recorder(workspace.journal, run).state
        assert state.steps
        return time.perf_counter() - began


def _in_sqlite(project: Path) -> JournalDatabase:
    _write(project, ".cutover/journal.db")
    return SqliteDatabase(project / ".cutover/journal.db")


def _in_postgresql(server: Server, project: Path) -> JournalDatabase:
    name = project.name.replace("-", "_")
    url = server.create(name)
    _write(project, f'{{url: "{server.url_without_password(name)}", password: "env:BENCH_PASSWORD"}}')
    mirror = project / ".cutover/journal.jsonl"
    return PostgresqlDatabase(Secret(url), schema_name="cutover_journal", mirror=mirror, project="bench")


def _write(project: Path, journal: str) -> None:
    (project / ".cutover").mkdir(parents=True)
    (project / "cutover.yaml").write_text(_PROJECT.format(journal=journal))


@contextmanager
def _server(folder: Path) -> Iterator[Server]:
    password = os.environ["BENCH_PASSWORD"] = secrets.token_urlsafe(12)
    folder.mkdir()
    server = start(folder, password=password)
    try:
        yield server
    finally:
        server.stop()


def main(events: int = EVENTS) -> int:
    """Measure, print and record; 1 when one of the figures is too high."""
    slow = False
    with tempfile.TemporaryDirectory(prefix="cutover-bench-") as place:
        root = Path(place)
        root.chmod(0o755)
        with _server(root / "server") as server:
            places: dict[str, Callable[[Path], JournalDatabase]] = {
                "sqlite": _in_sqlite,
                "postgresql": partial(_in_postgresql, server),
            }
            for shape, make in {"history": history, "one-run": one_run}.items():
                long = make(events)
                for engine, opened in places.items():
                    project = root / f"{engine}-{shape}"
                    database = opened(project)
                    long.write(database)
                    database.close()
                    found = measure(project, "dev-1")
                    slow |= found["status_s"] > STATUS_MAY_TAKE or found["resume_s"] > RESUME_MAY_TAKE
                    _tell(f"journal.{engine}.{shape}", long.events, found)
    return int(slow)


def _tell(name: str, events: int, found: dict[str, float]) -> None:
    status, resume = found["status_s"], found["resume_s"]
    print(
        f"{name}: {events} events: status {status:.2f} s of {STATUS_MAY_TAKE} ({found['status_cpu_s']:.2f} s of a "
        f"processor; with nothing kept {found['status_first_s']:.2f} s), resume {resume:.2f} s of {RESUME_MAY_TAKE}",
        flush=True,
    )
    may = {"status_may_take_s": STATUS_MAY_TAKE, "resume_may_take_s": RESUME_MAY_TAKE}
    results.record(name, COMMAND, {"events": events, **found, **may})


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
