"""
The people of the demonstration: a key for each of them, and the list of signers that `cutover.yaml` names.

In a real project everybody has a key already, and only the public halves come into the project.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from demo.told import NotAsTold

PEOPLE = ("lead", "dba", "business", "keyuser")


def give_keys(home: Path) -> None:
    """Make what is missing of `home`/keys and `home`/allowed_signers; NotAsTold without OpenSSH's client."""
    if shutil.which("ssh-keygen") is None:
        raise NotAsTold("votes in production are signed, and ssh-keygen is not installed (Debian: openssh-client)")
    folder = home / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for person in PEOPLE:
        if not (folder / person).exists():
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", str(folder / person)]
            subprocess.run(words, check=True)
    lines = [
        f'{person} namespaces="cutover-vote" {(folder / f"{person}.pub").read_text().strip()}' for person in PEOPLE
    ]
    (home / "allowed_signers").write_text("\n".join(lines) + "\n")
