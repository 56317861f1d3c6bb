"""Who sits at the keyboard: what the kernel says, not what the environment says."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from cutover.app.workspace import who_am_i


def test_case_53_a_variable_makes_nobody_another_person(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "eve")

    assert who_am_i()["user"] == pwd.getpwuid(os.geteuid()).pw_name


@pytest.mark.parametrize("euid", [0, 1])
def test_case_53_an_administrator_is_known_by_the_account_behind(euid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel knows of no login session; and only root is what sudo makes of somebody."""
    monkeypatch.setenv("SUDO_USER", "ana")
    monkeypatch.setattr(os, "geteuid", lambda: euid)
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: "4294967295")

    assert who_am_i().get("login") == ("ana" if euid == 0 else None)


def test_case_53_a_login_session_that_the_kernel_knows_goes_before_what_sudo_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SUDO_USER", "eve")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: "1")

    assert who_am_i()["login"] == pwd.getpwuid(1).pw_name


def test_an_account_without_a_name_is_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 3_999_999)

    assert who_am_i()["user"] == "uid 3999999"
