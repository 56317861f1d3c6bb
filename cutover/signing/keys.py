"""
Whose keys there are: the project's list of signers, and which of them is at hand here.

The list has the format of `ssh-keygen` (ALLOWED SIGNERS in its manual). It is read here only to show it and to find the
right key of a person; whether a signature holds is never decided here.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from cutover.model.people import Signers
from cutover.signing.ssh import NotSigned

#: The variable that names a person's key, for those who keep it elsewhere.
KEY_VARIABLE = "CUTOVER_VOTE_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One line of the list of signers."""

    people: tuple[str, ...]  # patterns
    options: str  # as written: `valid-before="20270101"`
    kind: str  # ssh-ed25519
    key: str  # base64
    line: int

    def of(self, person: str) -> bool:
        """Whether the line is for that person, as `ssh-keygen` matches it."""
        if any(fnmatchcase(person, pattern[1:]) for pattern in self.people if pattern.startswith("!")):
            return False
        return any(fnmatchcase(person, pattern) for pattern in self.people)


def known_keys(signers: Signers) -> tuple[Known, ...]:
    """The keys in the list of signers; none when there is no list. Lines that are not understood are left out."""
    try:
        text = signers.allowed.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(_known(text))


def own_key(person: str, signers: Signers, home: Path) -> Path:
    """
    The file to sign with as that person: named by a variable, in their `.ssh`, or (its public half) in the agent.

    Raises NotSigned when there is none, or when none of theirs is in the list of signers.
    """
    named = os.environ.get(KEY_VARIABLE)
    if named:
        return Path(named).expanduser()
    wanted = {known.key for known in known_keys(signers) if known.of(person)}
    if not wanted:
        raise NotSigned(
            f"the list of signers '{signers.allowed.name}' has no key of {person!r}",
            hint=f"add a line to it: {person} ssh-ed25519 AAAA…  (the public key; docs/people.md)",
        )
    for public in sorted((home / ".ssh").glob("*.pub")):
        private = public.with_suffix("")
        if _key_in(public) in wanted:
            return private if private.is_file() else public
    if any(key in wanted for key in _in_agent()):
        return _public_half(next(line for line in _agent_lines() if line.split()[1] in wanted), home)
    raise NotSigned(
        f"none of the keys of {person!r} is at hand here",
        hint=f"--key FILE names it; or `ssh-add` it to your agent, or set {KEY_VARIABLE}",
    )


def _known(text: str) -> Iterator[Known]:
    for number, line in enumerate(text.splitlines(), start=1):
        words = _words(line)
        at = next((index for index, word in enumerate(words) if index and _is_kind(word)), None)
        if line.lstrip().startswith("#") or at is None or len(words) <= at + 1:
            continue
        people = tuple(part for part in words[0].strip('"').split(",") if part)
        yield Known(people=people, options=" ".join(words[1:at]), kind=words[at], key=words[at + 1], line=number)


def _is_kind(word: str) -> bool:
    return word.startswith(("ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"))


def _words(line: str) -> list[str]:
    """Words between blanks; what stands in quotes is one."""
    words, quoted = [""], False
    for letter in line.strip():
        if letter == '"':
            quoted = not quoted
        if letter in " \t" and not quoted:
            words.append("")
        else:
            words[-1] += letter
    return [word for word in words if word]


def _key_in(public: Path) -> str:
    try:
        words = public.read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return ""
    return words[1] if len(words) > 1 else ""


def _in_agent() -> list[str]:
    return [line.split()[1] for line in _agent_lines()]


def _agent_lines() -> list[str]:
    if not os.environ.get("SSH_AUTH_SOCK"):
        return []
    try:
        ended = subprocess.run(["ssh-add", "-L"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [line for line in ended.stdout.splitlines() if len(line.split()) > 1] if ended.returncode == 0 else []


def _public_half(line: str, home: Path) -> Path:
    """The public key of the agent in a file, as `ssh-keygen` wants it to find the private half."""
    folder = home / ".cache" / "cutover"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / "agent-key.pub"
    file.write_text(line + "\n", encoding="utf-8")
    return file
