"""
`ssh-keygen -Y`: signs a text with a person's key, and says whose signature it is.

The one place that starts OpenSSH's programs. The namespace is our own, so that a signature made for something else (a
commit, a file) is never a vote.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final

from cutover.errors import ExitStatus, WrongInput
from cutover.model.people import Signers
from cutover.redact import redact

NAMESPACE: Final = "cutover-vote"

#: Seconds that signing may take: a person may have to type a passphrase or touch a token.
_SIGNING_SECONDS = 180
_VERIFYING_SECONDS = 20
_FINGERPRINT = re.compile(r"\bkey (SHA256:[A-Za-z0-9+/=]+)")


class NotSigned(WrongInput):
    """A signature could not be made, or is not believed; nothing was written."""

    code: ClassVar[str] = "CUT-420"
    exit_status: ClassVar[ExitStatus] = ExitStatus.WRONG_INPUT


_Ended = subprocess.CompletedProcess[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What became of a signature: `why_not` is empty when it holds."""

    why_not: str = ""
    key: str = ""  # fingerprint of the key that made it
    unknown: bool = False  # it could not be looked at: neither good nor bad
    revoked: bool = False

    @property
    def holds(self) -> bool:
        """Whether the signature is believed."""
        return not self.why_not


def sign(statement: str, key: Path) -> str:
    """
    The signature of a statement with that key (or, of a `.pub` file, with the agent's); NotSigned with the reason.

    A passphrase is asked for in the terminal by `ssh-keygen` itself; it never comes here.
    """
    ended = _keygen(("sign", "-n", NAMESPACE, "-f", str(key)), statement, seconds=_SIGNING_SECONDS)
    signature = ended.stdout
    if ended.returncode != 0 or "BEGIN SSH SIGNATURE" not in signature:
        raise NotSigned(
            f"key '{key}' did not sign: {_last_words(ended) or 'ssh-keygen gave no reason'}",
            hint="--key FILE names your private key, or the public one of a key that your ssh-agent holds",
        )
    return signature


def verify(statement: str, signature: str, *, person: str, signers: Signers, at: datetime) -> Verified:
    """
    Whether `signature` is that of a key which the list of signers gives to `person`, valid at that time, not revoked.

    Never raises for what the signature is like. `unknown` when there is no list, or no `ssh-keygen`.
    """
    if not signers.allowed.is_file():
        return Verified(why_not=f"there is no list of signers '{signers.allowed.name}'", unknown=True)
    try:
        with _written(signature) as file:
            return _verified(statement, file, person, signers, at)
    except NotSigned as exc:
        return Verified(why_not=str(exc), unknown=True)


def _verified(statement: str, signature: Path, person: str, signers: Signers, at: datetime) -> Verified:
    revoked = ("-r", str(signers.revoked)) if signers.revoked.exists() else ()
    common = ("-f", str(signers.allowed), "-n", NAMESPACE, "-s", str(signature), "-O", f"verify-time={_local(at)}")
    ended = _keygen(("verify", *common, "-I", person, *revoked), statement)
    if ended.returncode == 0:
        return Verified(key=_fingerprint(ended.stdout))
    if revoked:
        without = _keygen(("verify", *common, "-I", person), statement)
        if without.returncode == 0:
            return Verified(why_not="its key is revoked", key=_fingerprint(without.stdout), revoked=True)
    return Verified(why_not=_reason(statement, signature, person, _last_words(ended)))


def _reason(statement: str, signature: Path, person: str, said: str) -> str:
    """Why it is not believed: not this text, not this namespace, not this person's key."""
    ended = _keygen(("check-novalidate", "-n", NAMESPACE, "-s", str(signature)), statement)
    if ended.returncode != 0:
        words = _last_words(ended)
        if "namespace" in words:
            return f"it was made for something else than {NAMESPACE!r}"
        if "incorrect signature" in words:
            return "the text was altered after it was signed"
        return f"it is no signature: {words or 'ssh-keygen gave no reason'}"
    reason = f": {said}" if said else ""
    return f"it is not of a key that the list of signers gives to {person!r}{reason}"


def _keygen(words: Sequence[str], text: str, *, seconds: float = _VERIFYING_SECONDS) -> _Ended:
    try:
        return subprocess.run(
            ["ssh-keygen", "-Y", *words],
            input=text,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise NotSigned(
            "ssh-keygen is not installed on this machine", hint="install OpenSSH's client (Debian: openssh-client)"
        ) from None
    except subprocess.TimeoutExpired:
        raise NotSigned(f"ssh-keygen gave no answer within {seconds:g} s", hint="try again") from None


def _local(at: datetime) -> str:
    """A moment as every OpenSSH reads it: in the machine's own time, to the second."""
    return at.astimezone().strftime("%Y%m%d%H%M%S")


def _fingerprint(says: str) -> str:
    found = _FINGERPRINT.search(says)
    return found[1] if found else ""


def _last_words(ended: _Ended) -> str:
    """The last line that says something; never the text that was signed."""
    lines = [line.strip() for line in ended.stderr.splitlines() if line.strip()]
    said = [line for line in lines if line not in ("Signing data on standard input", "Could not verify signature.")]
    return redact(said[-1][:300]) if said else ""


@contextmanager
def _written(signature: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cutover-signature-") as folder:
        file = Path(folder) / "signature"
        file.write_text(signature, encoding="utf-8")
        yield file
