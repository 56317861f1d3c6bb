"""What people are shown in a terminal: a ballot, what waits for whom, whose keys there are. Values come ready."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from cutover.cli.tables import console
from cutover.evidence.words import duration, minute, short
from cutover.redact import redact

_VERDICTS = {"yes": "[green]yes[/]", "no": "[bold red]no[/]", "inconclusive": "[bold magenta]cannot be told[/]"}
_NAMED = 8


def show_ballot(ballot: Mapping[str, Any], out: Console | None = None) -> None:
    """What is being approved."""
    out = out or console()
    way = "on the way back of" if ballot["back"] else "of"
    out.print(f"[bold]{escape(ballot['step'])}[/] {way} {escape(ballot['run'])}  {escape(ballot['runbook'])}")
    out.print(Padding(f"[bold]{_text(ballot['question'])}[/]", (0, 0, 0, 2)))
    for line in (*_facts(ballot), *_about(ballot), *_voted(ballot)):
        out.print(Padding(line, (0, 0, 0, 2)))


def show_tasks(rows: Sequence[Mapping[str, Any]], out: Console | None = None) -> None:
    """What waits for whom."""
    out = out or console()
    if not rows:
        out.print("nothing waits for anybody")
    for row in rows:
        late = "  [bold red]overdue[/]" if row["overdue"] else ""
        until = f", until {minute(row['until'])}" if row["until"] else ""
        name = f"{row['run']} {row['step']}".strip()
        out.print(
            f"[bold]{escape(name)}[/]  {_who(row)}  "
            f"since {minute(row['since'])} UTC ({duration(row['waited_ms'])}{until}){late}"
        )
        out.print(Padding(_text(row["what"]), (0, 0, 0, 2)))
        for command in row["commands"]:
            out.print(f"  next: {_text(command)}", soft_wrap=True)


def show_keys(document: Mapping[str, Any], out: Console | None = None) -> None:
    """Whose signatures are believed."""
    out = out or console()
    out.print(f"signers: {escape(document['file'])}, {len(document['keys'])} keys")
    for key in document["keys"]:
        options = f"  [dim]{escape(key['options'])}[/]" if key["options"] else ""
        out.print(f"  {escape(', '.join(key['people']))}  {escape(key['kind'])}{options}")
    for environment in document["environments"]:
        without = ", ".join(environment["without_key"]) or "nobody"
        style = "bold red" if environment["must_sign"] and environment["without_key"] else "dim"
        name = escape(environment["environment"])
        out.print(f"{name}: votes are {environment['votes']}; [{style}]without a key: {escape(without)}[/]")


def _who(row: Mapping[str, Any]) -> str:
    phones = {contact["person"]: contact["phone"] for contact in row["contacts"] if contact["phone"]}
    people = [f"{person} {phones[person]}" if person in phones else person for person in row["people"]]
    return escape(f"{', '.join(row['roles'])} ({', '.join(people) or 'nobody who is left'})")


def _facts(ballot: Mapping[str, Any]) -> Iterator[str]:
    for fact in ballot["facts"]:
        says = f"{_text(fact['fact'])}: {_text(fact['says'])} [dim]({_text(fact['read'])})[/]"
        yield f"{_VERDICTS[fact['verdict']]}  {says}"


def _about(ballot: Mapping[str, Any]) -> Iterator[str]:
    yield f"digest {short(ballot['digest'])}, bytes {short(ballot['raw'])}"
    for name, place in ballot["places"].items():
        yield f"[dim]{escape(name)}: {_text(place)}[/]"
    yield _changed(ballot["since"])
    for author in ballot["authors"]:
        who = author.get("person") or author.get("name") or author.get("mail")
        yield f"written by {_text(who)}: {_text(_listed(author.get('files', ())))}"
    for line in ballot["promotion"]:
        yield f"[dim]{_text(line)}[/]"


def _changed(since: Mapping[str, Any]) -> str:
    if not since:
        return "what changed since the last rehearsal was not recorded"
    if not since.get("rehearsal"):
        return "[bold red]this runbook was never rehearsed[/]"
    files, steps, layout = (since.get(name) or () for name in ("files", "steps", "layout"))
    parts = [
        f"{what} {_listed(names)}"
        for what, names in (("files", files), ("steps", steps), ("only layout of", layout))
        if names
    ]
    changed = "; ".join(parts) if parts else "nothing"
    style = "bold yellow" if files or steps else "green"
    return f"[{style}]changed since {escape(since['rehearsal'])}: {_text(changed)}[/]"


def _voted(ballot: Mapping[str, Any]) -> Iterator[str]:
    for vote in ballot["votes"]:
        word = "[green]go[/]" if vote["go"] else "[bold red]no-go[/]"
        signed = ", signed" if vote.get("key") else ""
        glass = " [bold red]by break-glass[/]" if vote.get("break_glass") else ""
        void = "" if vote["counts"] else f" [yellow]does not count: {_text(vote['why_not'])}[/]"
        yield f"{word}  {_text(vote['person'])} ({_text(vote['role'])}{signed}){glass}: {_text(vote['reason'])}{void}"
    since = f" since {minute(ballot['waits_since'])} UTC" if ballot["waits_since"] else ""
    until = f"; a no-go at {minute(ballot['until'])} UTC" if ballot["until"] else ""
    needs = f"{ballot['needs']} go" + (", signed" if ballot["votes_are"] == "signed" else "")
    yield f"needs {needs}; waits{since} for {_text(ballot['still_asked'])}{until}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(list(names)[:_NAMED]) + more


def _text(text: object) -> str:
    """Somebody's words, without secrets and without markup."""
    return escape(redact(str(text)))
