"""
The story that `make demo` tells, with the real commands in processes of their own.

Three rehearsals, a go-live, and a second go-live with a planted fault that is caught and comes
back by itself. Every exit status and every claim is checked; anything else than told fails.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from demo import fault, people, servers
from demo.embedded import Server
from demo.servers import Demo
from demo.told import NotAsTold, Teller

RUNBOOK = "runbooks/one_shot.yaml"

_DIRT = (
    ("flights", "SELECT count(*) FROM flights", "copied, but for the lines below"),
    (
        "… whose tail number is not among the planes",
        "SELECT count(*) FROM flights WHERE tailnum NOT IN (SELECT tailnum FROM planes)",
        "the tail number becomes NULL, with the reason and the old value kept",
    ),
    (
        "… to an airport that is not in the register",
        "SELECT count(*) FROM flights WHERE dest NOT IN (SELECT faa FROM airports)",
        "stay behind: signed exception X-1",
    ),
    (
        "… that left at '2400'",
        "SELECT count(*) FROM flights WHERE dep_time = 2400",
        "become midnight of the next day",
    ),
    ("weather observations", "SELECT count(*) FROM weather", "copied, but for the line below"),
    (
        "… with a wind of more than 1,000 mph",
        "SELECT count(*) FROM weather WHERE wind_speed > 1000",
        "goes to quarantine with its reason",
    ),
)


def tell(root: Path) -> None:
    """Tell the whole story in the project at `root`; NotAsTold when something else happens."""
    demo, teller = Demo(root=root), Teller(root)
    _begin_afresh(demo, teller)
    server = _set_the_stage(demo, teller)
    _rehearse(teller)
    _go_live(demo, server, teller)
    _go_live_with_a_fault(demo, server, teller)
    _look_at_the_evidence(teller)


def _begin_afresh(demo: Demo, teller: Teller) -> None:
    """Take away what an earlier demonstration left; a journal that is not the demonstration's is never touched."""
    state = demo.root / ".cutover"
    if (state / "journal.db").exists() and not demo.mark.exists():
        raise NotAsTold(f"'{state}' holds runs that are not a demonstration's; move it away first")
    if demo.mark.exists():
        teller.say("[dim]removing what the last demonstration left[/]")
        servers.stop(demo)
        for leftover in state.iterdir():
            if leftover.name == "prefect":  # the server that shows the runs may go on
                continue
            if leftover.is_dir() and not leftover.is_symlink():
                shutil.rmtree(leftover)
            else:
                leftover.unlink()
    demo.home.mkdir(parents=True, exist_ok=True)
    demo.mark.touch()


def _set_the_stage(demo: Demo, teller: Teller) -> Server:
    teller.act("An old system, and a new one that is still empty")
    teller.run_meanwhile("cutover ui --no-browser")  # its first start makes a database, for ten seconds
    server = servers.start(demo)
    people.give_keys(demo.home)
    file, rows = servers.load_legacy(demo)
    for environment in servers.ENVIRONMENTS:
        servers.prepare(demo, server, environment, file)
    teller.say(
        f"The old system is SQLite and holds the {rows['flights']:,} flights that left New York in 2013. The new one "
        f"is PostgreSQL 18 on 127.0.0.1:{server.port}. Each of {len(servers.ENVIRONMENTS)} environments has its own "
        "copy of both. What SQL finds in the old system, and what [bold]migrations/flights.yaml[/] declares about it:"
    )
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as old:
        measured = [(what, f"{old.execute(sql).fetchone()[0]:,}", then) for what, sql, then in _DIRT]
    teller.table(("in the old system", "rows", "what the migration does"), measured)
    teller.run("cutover lint")
    return server


def _rehearse(teller: Teller) -> None:
    teller.act("First rehearsal, in dev")
    teller.say("The runbook from the first check to the last step. Nobody is asked: in dev, people are simulated.")
    teller.run(f"cutover rehearse {RUNBOOK} --env dev")

    teller.act("Second rehearsal, in test, with a rollback drill")
    teller.say(
        "Up to the point of no return, and all the way back: a way back counts only when somebody has walked it."
    )
    teller.run(f"cutover rehearse {RUNBOOK} --env test --drill")
    _prove_same(teller, "test-1")

    teller.act("Too early for production")
    teller.say(
        "[bold]cutover.yaml[/] also asks for a rehearsal in pre-production. Without it, production stays closed:"
    )
    teller.run(f"cutover go-live {RUNBOOK} --env production", ends=4)

    teller.act("Third rehearsal, in pre-production, with people")
    teller.say("Here people decide. The run saves itself, says who is missing and ends; no process waits for hours.")
    teller.run(f"cutover rehearse {RUNBOOK} --env preproduction", ends=5)
    _decide_and_open(teller, "preproduction-1")


def _go_live(demo: Demo, server: Server, teller: Teller) -> None:
    teller.act("Production goes live")
    teller.say("The same runbook with the same digest: what was rehearsed is what runs.")
    teller.run(f"cutover go-live {RUNBOOK} --env production", ends=5)
    teller.say("\nWhat is being approved, as everybody sees it who is asked. In production votes are signed:")
    teller.run("cutover approve production-1 go-no-go --show")
    _decide_and_open(teller, "production-1", keys=".cutover/demo/keys")
    with server.connect("production") as new:
        flights = new.execute("SELECT count(*) FROM flight").fetchone()
        weather = new.execute("SELECT count(*) FROM weather_observation").fetchone()
    teller.say("\nAsked directly, not through cutover:")
    teller.must("336,776 flights less 7,602 signed away are 329,174 in PostgreSQL", got=flights, expected=(329_174,))
    teller.must("26,115 observations less 1 in quarantine are 26,114", got=weather, expected=(26_114,))
    teller.must("the application reads the new database", got=_default(demo, "production"), expected="new")


def _decide_and_open(teller: Teller, run: str, keys: str = "") -> None:
    """The people's part: two votes at the gate, and the last step done by hand; signed with their keys in `keys`."""

    def vote(step: str, person: str, reason: str) -> None:
        key = f" --key {keys}/{person}" if keys else ""
        teller.run(f"cutover approve {run} {step} --go --as {person}{key} --reason '{reason}'")

    vote("go-no-go", "business", "the totals agree")
    vote("go-no-go", "dba", "fingerprints agree, backups are proved")
    teller.run(f"cutover resume {run}", ends=5)
    vote("open-to-users", "lead", "opened, airlines informed")
    teller.run(f"cutover resume {run}")


def _go_live_with_a_fault(demo: Demo, server: Server, teller: Teller) -> None:
    site = "second-site"
    teller.act("The same go-live at a second site, with a planted fault")
    teller.say(
        "In this site's new database somebody left a trigger that adds [bold]one minute[/] to the air time of "
        "[bold]one[/] flight on its way in. Every count stays right, every key and every check holds."
    )
    fault.plant(server, servers.database_of(site))
    old_before = _digest(demo.old(site))
    teller.run(f"cutover go-live {RUNBOOK} --env {site}", ends=8)
    run = f"{site}-1"
    _prove_same(teller, run)
    teller.say("\nAsked directly, not through cutover:")
    teller.must("the old database is the same file, byte for byte", got=_digest(demo.old(site)), expected=old_before)
    with server.connect(servers.database_of(site)) as new:
        left = new.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    teller.must("no table is left in the new database", got=left, expected=(0,))
    teller.must("the application still reads the old database", got=_default(demo, site), expected="old")


def _prove_same(teller: Teller, run: str) -> None:
    """Print the fingerprints from before the first effect and after the rollback: some, and the same."""
    proof = teller.ask(f"cutover report {run}")["proof"]
    before, after = proof["before"], proof["after"]
    if not before:
        raise NotAsTold(f"run {run} kept no fingerprints from before its first effect")
    names = sorted({*before, *after})
    rows = [(name, _short(before.get(name)), _short(after.get(name))) for name in names]
    teller.say(f"\nFingerprints of the world before {run} began and after it came back:")
    teller.table(("", "before", "after"), rows)
    teller.must(f"all {len(names)} are the same", got=after, expected=before)


def _look_at_the_evidence(teller: Teller) -> None:
    teller.act("The evidence")
    teller.run("cutover status")
    teller.say("\nOne self-contained page per run:")
    for run in ("preproduction-1", "production-1", "second-site-1"):
        teller.run(f"cutover report {run}")
    teller.say(
        f"\n[bold green]Everything came as told, in {teller.seconds():.0f} s.[/]\n\n"
        "  cutover ui                      every run, step and log line in Prefect\n"
        "  cutover read runbooks/phased.yaml   the same go-live, airport by airport\n"
        "  make demo-clean                 stop the servers and remove what was kept\n\n"
        "[dim]In this shell, `cutover` is .venv/bin/cutover.[/]"
    )


def _short(fingerprint: object) -> str:
    text = fingerprint if isinstance(fingerprint, str) else json.dumps(fingerprint, sort_keys=True)
    return text if len(text) <= 44 else text[:41] + "…"


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _default(demo: Demo, environment: str) -> object:
    return json.loads(demo.application(environment).read_text())["default"]
