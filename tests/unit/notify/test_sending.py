"""What becomes of a message: taken, refused, nobody there, no answer. Secrets of the URL are shown by none of them."""

from __future__ import annotations

import logging
import time

import pytest

from cutover.notify import Message, Outlet, Postman
from cutover.notify.sending import deliver, secrets_of, with_addresses, without
from cutover.redact import Secret, redact
from tests.fixtures.outside import Heard

MESSAGE = Message(topic="asked", subject="gate waits", text="shall the new system take over?", about=7)


def outlet(url: str, *to: str) -> Outlet:
    return Outlet(channel="team", url=Secret(url, known=False), to=to)


def test_a_channel_takes_it(web: Heard) -> None:
    sent = deliver(outlet(web.url()), MESSAGE)

    assert (sent.sent, sent.says, sent.channel) == (True, "taken by the channel", "team")
    assert [(one["title"], one["message"]) for one in web.bodies] == [(MESSAGE.subject, MESSAGE.text)]


def test_mail_goes_to_those_concerned(mail: Heard) -> None:
    sent = deliver(outlet(mail.mailto, "ana@example.org", "eve@example.org"), MESSAGE)

    assert (sent.sent, sent.says) == (True, "to ana@example.org, eve@example.org")
    assert sorted(one for recipients, _ in mail.mails for one in recipients) == ["ana@example.org", "eve@example.org"]
    assert "Subject: gate waits" in mail.mails[0][1]


def test_case_54_a_channel_that_refuses(web: Heard) -> None:
    web.refuses = True

    sent = deliver(outlet(web.url()), MESSAGE)
    assert not sent.sent and "500" in sent.says


def test_case_54_mail_that_nobody_takes(mail: Heard) -> None:
    mail.refuses = True

    assert not deliver(outlet(mail.mailto, "ana@example.org"), MESSAGE).sent


def test_case_54_nobody_there(nobody: int) -> None:
    sent = deliver(outlet(f"json://127.0.0.1:{nobody}"), MESSAGE)

    assert not sent.sent and "onnection" in sent.says


@pytest.mark.parametrize("url", ["nonsense", "", "http//", "unheard://of"])
def test_what_is_no_url(url: str) -> None:
    sent = deliver(outlet(url), MESSAGE)

    assert (sent.sent, sent.says) == (False, "its url is none that Apprise understands")


def test_case_54_one_that_never_answers_is_given_up(web: Heard) -> None:
    web.silent.set()
    postman = Postman(answer_seconds=0.5)
    began = time.monotonic()

    postman.send([outlet(web.url())], MESSAGE)
    assert time.monotonic() - began < 0.2
    (sent,) = postman.collect(wait=True)

    assert (sent.sent, sent.says) == (False, "no answer within 0.5 s")
    assert time.monotonic() - began < 3
    assert postman.collect(wait=True) == []


def test_each_is_collected_once(web: Heard, nobody: int) -> None:
    postman = Postman()

    postman.send([outlet(web.url()), outlet(f"json://127.0.0.1:{nobody}")], MESSAGE)

    assert sorted(one.sent for one in postman.collect(wait=True)) == [False, True]
    assert postman.collect(wait=True) == []


def test_case_58_no_piece_of_the_url_is_shown(nobody: int, caplog: pytest.LogCaptureFixture) -> None:
    url = f"json://night:swordfish99aa@127.0.0.1:{nobody}/T0ken0fTheChannel?api=s3cretOfQuery"
    with caplog.at_level(logging.DEBUG):
        sent = deliver(outlet(url), MESSAGE)

    assert not sent.sent
    for piece in ("swordfish99aa", "T0ken0fTheChannel", "s3cretOfQuery"):
        assert piece not in sent.says + caplog.text
        assert piece not in without(Secret(url, known=False), f"could not reach {url} as {piece}")
        assert piece not in redact(f"a text with {piece}")


def test_a_host_may_be_a_token_too() -> None:
    said = without(Secret("slack://T1JJ3T3L2/A1BRTD4JD", known=False), "T1JJ3T3L2 does not know A1BRTD4JD")

    assert said == "*** does not know ***"


def test_a_plain_word_of_a_url_is_not_taken_out_of_every_text(web: Heard) -> None:
    deliver(outlet(web.url("production")), MESSAGE)

    assert redact("production-1") == "production-1"


def test_addresses_are_added_to_mail_and_to_nothing_else() -> None:
    assert with_addresses("mailto://h?from=a@b", ["c+d@e"]) == "mailto://h?from=a@b&to=c%2Bd%40e"
    assert with_addresses("mailtos://u:p@h", ["c@e", "f@g"]) == "mailtos://u:p@h?to=c%40e%2Cf%40g"
    assert with_addresses("json://h", ["c@e"]) == "json://h"
    assert with_addresses("mailto://h", []) == "mailto://h"


def test_addresses_in_a_url_are_no_secrets() -> None:
    assert secrets_of("mailto://h.example?from=cutover@example.org&to=ana@example.org") == {
        "mailto://h.example?from=cutover@example.org&to=ana@example.org"
    }
