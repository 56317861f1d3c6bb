"""`cutover approve`: a person's word at a gate or on a manual step."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cutover.cli.options import Settings, machine_readable, print_json
from cutover.errors import ExitStatus, WrongInput

if TYPE_CHECKING:
    from cutover.app.approval import Ballot
    from cutover.app.workspace import Workspace

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("approve")
@click.argument("run")
@click.argument("step")
@click.option("--go/--no-go", "go", type=bool, default=None, help="The vote. One no-go closes the gate.")
@click.option("--reason", default=None, help="Why; it stands in the journal and in the report.")
@click.option("--show", is_flag=True, help="Only show what is being approved, and who has voted.")
@click.option("--as", "person", default=None, help="Vote under this name: believed where it is signed, or declared.")
@click.option("--role", default=None, help="The role you vote in, when you hold several.")
@click.option("--evidence", default="", help="What proves it: a ticket, a sentence (manual steps).")
@click.option(
    "--evidence-file", "files", type=_FILE, multiple=True, help="A file that proves it; the run keeps a copy."
)
@click.option("--key", type=_FILE, default=None, help="SSH key to sign with; default: yours, from ~/.ssh or the agent.")
@click.option("--write", type=_FILE, default=None, help="Write the statement to sign elsewhere, and do not vote yet.")
@click.option("--signed", type=_FILE, default=None, help="Vote with a statement signed elsewhere: FILE and FILE.sig.")
@click.option("--break-glass", is_flag=True, help="Open a gate alone, in an emergency; another person must review it.")
@click.option("--yes", is_flag=True, help="Do not ask again in a terminal.")
@machine_readable
@click.pass_obj
def command(settings: Settings, /, run: str, step: str, machine: bool, **said: Any) -> int:
    """
    Vote on STEP of RUN: a gate, or a manual step that you have done. Votes never change.

    In a terminal it shows what is being approved and asks; nothing is written before the answer.
    """
    from cutover.app.workspace import open_workspace

    workspace = open_workspace(settings.project)
    talks = _talks(machine) and not said["yes"]
    if said["show"] or (talks and said["signed"] is None):
        _show(workspace, run, step, machine=machine)
        if said["show"]:
            return int(ExitStatus.DONE)
    if said["signed"] is None:
        _complete(said, talks=talks)
    ballot = _ballot(step, said)
    if said["write"] is not None:
        return _write(workspace, run, ballot, said["write"])
    if talks and not _sure(run, ballot):
        click.echo("nothing was written; the step still waits", err=True)
        return int(ExitStatus.WAITING_FOR_PERSON)
    return _cast(workspace, run, ballot, machine=machine)


def _talks(machine: bool) -> bool:
    """Whether a person sits there who can be asked."""
    return not machine and sys.stdin.isatty() and sys.stdout.isatty()


def _complete(said: dict[str, Any], *, talks: bool) -> None:
    """Ask for what was not said; without anybody to ask that is an error, because a vote is never guessed."""
    if said["go"] is None:
        if not talks:  # Click takes the absence of both for a no, and votes never change
            raise click.UsageError("say --go or --no-go: a vote is never guessed")
        word = click.prompt("go, no-go, or nothing", type=click.Choice(["go", "no-go", "nothing"]), default="nothing")
        if word == "nothing":
            raise click.Abort
        said["go"] = word == "go"
    if not said["reason"]:
        if not talks:
            raise click.UsageError("--reason is missing: it stands in the journal and in the report")
        said["reason"] = click.prompt("why")


def _ballot(step: str, said: dict[str, Any]) -> Ballot:
    from cutover.app.approval import Ballot
    from cutover.app.signatures import read_signed

    if said["signed"] is not None:
        if (
            any(said[name] for name in ("reason", "person", "role", "evidence", "key", "write"))
            or said["go"] is not None
        ):
            raise click.UsageError("--signed says everything: leave the other options out, but for --evidence-file")
        return Ballot(step=step, files=said["files"], signed=read_signed(said["signed"]))
    names = ("go", "reason", "person", "role", "evidence", "files", "break_glass", "key")
    return Ballot(step=step, **{name: said[name] for name in names})


def _sure(run: str, ballot: Ballot) -> bool:
    if ballot.signed is not None:
        return click.confirm(f"cast the signed vote at {ballot.step} of {run}?")
    word = "go" if ballot.go else "no-go"
    who = f" as {ballot.person}" if ballot.person else ""
    alone = ", alone, by break-glass," if ballot.break_glass else ""
    return click.confirm(f"say {word}{who}{alone} at {ballot.step} of {run}? It never changes")


def _show(workspace: Workspace, run: str, step: str, *, machine: bool) -> None:
    from cutover.app.ballots import ballot

    document = ballot(workspace, run, step)
    if machine:
        print_json(document)
        return
    from cutover.cli.people_tables import show_ballot

    show_ballot(document)


def _write(workspace: Workspace, run: str, ballot: Ballot, file: Path) -> int:
    """The statement in a file, for a key that is on another machine."""
    from cutover.app.approval import statement_for

    text = statement_for(workspace, run, ballot)
    try:
        file.write_bytes(text.encode())
    except OSError as exc:
        raise WrongInput(f"'{file}' cannot be written: {(exc.strerror or str(exc)).lower()}") from None
    files = "".join(f" --evidence-file {one}" for one in ballot.files)
    click.echo(f"{file}: nothing was cast yet")
    click.echo(f"  next: ssh-keygen -Y sign -n cutover-vote -f KEY {file}")
    click.echo(f"  next: cutover approve {run} {ballot.step} --signed {file}{files}")
    return int(ExitStatus.WAITING_FOR_PERSON)


def _cast(workspace: Workspace, run: str, ballot: Ballot, *, machine: bool) -> int:
    from cutover.app.approval import approve

    result = approve(workspace, run, ballot)
    if machine:
        print_json(result.plain())
        return int(ExitStatus.DONE)
    click.echo(result.says)
    for line in result.next:
        click.echo(f"  next: {line}")
    return int(ExitStatus.DONE)
