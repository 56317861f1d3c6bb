"""
Signatures by the SSH keys that people already own.

`statements` writes what is signed and holds a statement against what it should say; `ssh` calls `ssh-keygen`, which
signs and verifies; `keys` finds a person's key. Nothing here knows a journal or a step.
"""

from cutover.signing.keys import Known, known_keys, own_key
from cutover.signing.ssh import NAMESPACE, NotSigned, Verified, sign, verify
from cutover.signing.statements import REVIEW, VOTE, Subject, bound_to, of_review, of_vote, why_not

__all__ = [
    "NAMESPACE",
    "REVIEW",
    "VOTE",
    "Known",
    "NotSigned",
    "Subject",
    "Verified",
    "bound_to",
    "known_keys",
    "of_review",
    "of_vote",
    "own_key",
    "sign",
    "verify",
    "why_not",
]
