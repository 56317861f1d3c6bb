"""Whose signature is believed, and why another is not. Case 53: forged, altered, replayed, made for another thing."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cutover.content import canonical
from cutover.model.people import Vote
from cutover.signing import NotSigned, Verified, bound_to, known_keys, of_vote, own_key, sign, verify, why_not
from tests.fixtures.signers import Keyring

NOW = datetime(2026, 11, 2, 22, 0, tzinfo=UTC)
CREATED: dict[str, Any] = {
    "environment": "production",
    "lot": "5f0c11",
    "path": "runbooks/go.yaml",
    "places": {"new": "shop (database 16384 of system 7)"},
    "digests": {"semantic": "sha256:" + "a" * 64},
    "steps": [{"id": "gate", "digest": "sha256:" + "b" * 64}, {"id": "other", "digest": "sha256:" + "c" * 64}],
}
SUBJECT = bound_to("production-1", CREATED, "gate")
VOTE = Vote(person="ana", system_user="ana", role="owner", go=True, reason="totals agree ✓", at=NOW.isoformat())
TEXT = of_vote(VOTE, SUBJECT)


def checked(keyring: Keyring, text: str, signature: str, *, person: str = "ana", at: datetime = NOW) -> Verified:
    return verify(text, signature, person=person, signers=keyring.signers, at=at)


def test_a_statement_is_an_in_toto_statement_in_canonical_json() -> None:
    said = json.loads(TEXT)

    assert canonical(said).decode() == TEXT
    assert (said["_type"], said["predicateType"]) == ("https://in-toto.io/Statement/v1", "urn:cutover:vote:v1")
    assert said["subject"][0] == {"name": "runbooks/go.yaml", "digest": {"sha256": "a" * 64}}
    assert {"run", "gate", "go", "reason", "role", "person", "at"} <= set(said["predicate"])


def test_what_a_person_signed_is_believed(keyring: Keyring) -> None:
    keyring.enrol("ana", "eve")

    found = checked(keyring, TEXT, sign(TEXT, keyring.key("ana")))

    assert found.holds and found.key.startswith("SHA256:")


def test_case_53_a_forged_signature(keyring: Keyring) -> None:
    keyring.enrol("ana", "eve")

    found = checked(keyring, TEXT, sign(TEXT, keyring.key("eve")))

    assert found.why_not.startswith("it is not of a key that the list of signers gives to 'ana'")


def test_case_53_an_altered_text(keyring: Keyring) -> None:
    keyring.enrol("ana")
    signature = sign(TEXT, keyring.key("ana"))

    assert checked(keyring, TEXT.replace('"go":true', '"go":false'), signature).why_not == (
        "the text was altered after it was signed"
    )


def test_case_53_a_signature_made_for_something_else(keyring: Keyring) -> None:
    keyring.enrol("ana")
    words = ["ssh-keygen", "-Y", "sign", "-n", "file", "-f", str(keyring.key("ana"))]
    made = subprocess.run(words, input=TEXT, capture_output=True, text=True, check=True).stdout

    assert checked(keyring, TEXT, made).why_not == "it was made for something else than 'cutover-vote'"


@pytest.mark.parametrize("signature", ["", "go", "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"])
def test_what_is_no_signature(signature: str, keyring: Keyring) -> None:
    keyring.enrol("ana")

    assert checked(keyring, TEXT, signature).why_not.startswith("it is no signature")


def test_a_key_that_had_expired_when_it_signed(keyring: Keyring) -> None:
    keyring.enrol("ana", options='valid-before="20261101"')
    signature = sign(TEXT, keyring.key("ana"))

    assert "key has expired" in checked(keyring, TEXT, signature).why_not
    assert checked(keyring, TEXT, signature, at=NOW - timedelta(days=7)).holds


def test_a_key_that_is_revoked(keyring: Keyring) -> None:
    keyring.enrol("ana")
    signature = sign(TEXT, keyring.key("ana"))
    keyring.revoke("ana")

    found = checked(keyring, TEXT, signature)
    assert (found.why_not, found.revoked) == ("its key is revoked", True)


def test_without_a_list_nothing_is_believed_and_nothing_is_called_forged(keyring: Keyring) -> None:
    signature = sign(TEXT, keyring.key("ana"))
    keyring.signers.allowed.unlink()

    found = checked(keyring, TEXT, signature)
    assert (found.why_not, found.unknown) == ("there is no list of signers 'allowed_signers'", True)


def test_a_key_that_is_not_there(keyring: Keyring) -> None:
    with pytest.raises(NotSigned, match=r"did not sign: .*No such file") as told:
        sign(TEXT, keyring.folder / "nobodys")
    assert "--key FILE" in told.value.hint


# whether it is the statement that was expected


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (of_vote(VOTE, bound_to("production-2", CREATED, "gate")), "it is for another run: 'production-1'"),
        (of_vote(VOTE, bound_to("production-1", CREATED, "other")), "it is for another step: 'gate'"),
        (
            of_vote(VOTE, bound_to("production-1", {**CREATED, "digests": {"semantic": "sha256:d"}}, "gate")),
            "it is bound to another digest of 'runbooks/go.yaml'",
        ),
        (
            of_vote(VOTE, bound_to("production-1", {**CREATED, "places": {"new": "elsewhere"}}, "gate")),
            "it is bound to another digest of 'places'",
        ),
        (
            of_vote(VOTE, bound_to("production-1", {**CREATED, "lot": "other"}, "gate")),
            "it is bound to another digest of 'run'",
        ),
        (of_vote(replace(VOTE, go=False, reason="no"), SUBJECT), "it says something else than the vote: go, reason"),
        (of_vote(replace(VOTE, back=True), SUBJECT), "it says something else than the vote: back"),
    ],
)
def test_case_53_a_replayed_statement(other: str, why: str) -> None:
    assert why_not(TEXT, other) == why


@pytest.mark.parametrize("text", ["", "{", "[]", TEXT + "\n", TEXT.replace(",", ", ", 1), "[" * 100_000])
def test_what_is_no_statement(text: str) -> None:
    assert why_not(text, TEXT) == "it is no statement in canonical JSON"


def test_a_statement_with_more_in_it() -> None:
    more = canonical({**json.loads(TEXT), "also": "this"}).decode()

    assert why_not(more, TEXT) == "it has more in it than a statement"


# finding a key


def test_the_list_of_signers_is_read_as_ssh_keygen_reads_it(keyring: Keyring) -> None:
    keyring.signers.allowed.write_text(
        "# a comment\n\n"
        'ana,"a@b" namespaces="cutover-vote,file" valid-before="20300101" ssh-ed25519 AAAA ana\n'
        "*,!mallory ssh-ed25519 BBBB\n"
        "nonsense\n"
    )

    first, second = known_keys(keyring.signers)
    assert (first.key, first.options) == ("AAAA", 'namespaces="cutover-vote,file" valid-before="20300101"')
    assert first.of("ana") and not first.of("eve")
    assert second.of("eve") and not second.of("mallory")


def test_a_person_without_a_key_in_the_list(keyring: Keyring, tmp_path: Path) -> None:
    with pytest.raises(NotSigned, match="has no key of 'ana'"):
        own_key("ana", keyring.signers, tmp_path)


def test_a_key_of_the_person_s_own_folder(keyring: Keyring, tmp_path: Path) -> None:
    keyring.enrol("ana")
    (tmp_path / ".ssh").mkdir()
    for file in (keyring.key("ana"), keyring.key("ana").with_name("key-of-ana.pub")):
        (tmp_path / ".ssh" / file.name.replace("key-of-ana", "id_ed25519")).write_bytes(file.read_bytes())

    assert own_key("ana", keyring.signers, tmp_path) == tmp_path / ".ssh" / "id_ed25519"


def test_a_key_that_only_the_agent_holds(agent: Keyring, tmp_path: Path) -> None:
    agent.enrol("ana")
    subprocess.run(["ssh-add", "-q", str(agent.key("ana"))], check=True)
    agent.key("ana").unlink()

    found = checked(agent, TEXT, sign(TEXT, own_key("ana", agent.signers, tmp_path)))

    assert found.holds


def test_a_key_that_is_nowhere(keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    keyring.enrol("ana")

    with pytest.raises(NotSigned, match="none of the keys of 'ana' is at hand here"):
        own_key("ana", keyring.signers, tmp_path)
