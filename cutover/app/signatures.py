"""A person's word, signed: with a key that is at hand, or brought along; refused when it would not be believed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from cutover.app.workspace import Workspace
from cutover.errors import WrongInput
from cutover.model.people import Vote
from cutover.redact import redact
from cutover.signing import NotSigned, Subject, Verified, of_vote, own_key, sign, verify, why_not


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A statement and its signature, made by `ssh-keygen -Y sign` wherever the key is."""

    statement: str
    signature: str


def read_signed(file: Path) -> Signed:
    """The statement in `file` and the signature in `file`.sig; WrongInput when one of them cannot be read."""
    found = []
    for one in (file, file.with_name(f"{file.name}.sig")):
        try:
            found.append(one.read_bytes().decode("utf-8"))
        except (OSError, UnicodeDecodeError) as exc:
            said = (getattr(exc, "strerror", None) or "it is not UTF-8").lower()
            raise WrongInput(
                f"'{one}' cannot be read: {said}",
                hint=f"ssh-keygen -Y sign -n cutover-vote -f KEY {file} writes {file}.sig",
            ) from None
    return Signed(statement=found[0], signature=found[1])


def said(signed: Signed) -> Mapping[str, Any]:
    """What the statement says of the vote; WrongInput when it says nothing."""
    try:
        predicate = json.loads(signed.statement)["predicate"]
        if isinstance(predicate, dict):
            return predicate
    except (ValueError, LookupError, TypeError, RecursionError):
        pass
    raise WrongInput("what was signed is no statement of a vote", hint="`cutover approve … --write FILE` writes one")


def signed_vote(workspace: Workspace, vote: Vote, subject: Subject, *, key: Path | None, given: Signed | None) -> Vote:
    """The vote with its statement, its signature and the key's fingerprint; NotSigned when it is not believed."""
    statement = of_vote(vote, subject)
    if given is not None:
        other = why_not(given.statement, statement)
        if other:
            raise NotSigned(
                f"the signed statement is not a vote at {subject.step!r} of {subject.run!r} as it stands: {other}",
                hint="ask for a new statement with --write, and sign that",
            )
    at = workspace.clock.now()
    signature, fingerprint = signed_text(workspace, statement, vote.person, key=key, at=at, given=given)
    return replace(vote, statement=statement, signature=signature, key=fingerprint)


def signed_text(
    workspace: Workspace, statement: str, person: str, *, key: Path | None, at: datetime, given: Signed | None = None
) -> tuple[str, str]:
    """The signature of a text and its key's fingerprint; NotSigned when it would not be believed now."""
    signers = workspace.project.signers
    _refuse_masked(statement)
    if given is None:
        signature = sign(statement, key or own_key(person, signers, Path.home()))
    else:
        signature = given.signature
    _refuse_masked(signature)
    found: Verified = verify(statement, signature, person=person, signers=signers, at=at)
    if not found.holds:
        raise NotSigned(
            f"the signature of {person!r} is not believed: {found.why_not}",
            hint=f"whose keys are believed stands in '{signers.allowed.name}': `cutover keys`",
        )
    return signature, found.key


def _refuse_masked(text: str) -> None:
    """The journal masks what looks like a secret; a signature over other bytes would be worth nothing."""
    if redact(text) != text:
        raise WrongInput(
            "something in the vote reads like a password, which the journal would mask",
            hint="put the reason or the evidence in other words",
        )
