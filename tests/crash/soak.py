"""
Random kills for a while: `python -m tests.crash.soak SECONDS [SEED]`.

Each round takes one small shop there, or there and back, and kills what carries it again and again: the process at a
named point or at any moment, the target's server now and then. When it has come to its end the data and the report must
be those of an undisturbed run. Everything random comes from the seed of the round, which is printed, so that a round
can be repeated: `python -m tests.crash.soak 1 SEED`. What is at work at a given moment is the machine's to say.

The last line reads `soak: K kills, D differences`; the exit status is 1 when D is not 0.
"""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from demo.embedded import start
from tests.crash.pictures import Picture, differences, picture
from tests.crash.points_known import BACK, FORWARD
from tests.fixtures.forked import Forker, forking
from tests.fixtures.mortal import SETTINGS, Mortal
from tests.fixtures.shop import Shop, build

ONE_SHOT = "runbooks/one_shot.yaml"

#: Kills of one round at most, so that every round comes to an end.
MOST = 10
#: Of ten kills so many take the server, and so many of the others come at any moment instead of a named point.
SERVER_IN_TEN, MOMENT_IN_TEN = 2, 6
#: Seconds that a command may take.
PATIENCE = 120


@dataclass(slots=True)
class Tally:
    """What has happened so far."""

    kills: int = 0
    different: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where rounds take place, and how they end when nothing happens."""

    folder: Path
    mortal: Mortal
    forker: Forker
    calm: dict[bool, Picture]

    def shop(self, name: str) -> Shop:
        """A fresh shop, whose steps may be tried again while the server starts anew."""
        root = self.folder / name
        root.mkdir()
        return build(root, self.mortal.server, self.forker)

    def clear(self, shop: Shop) -> None:
        """Remove it with its databases."""
        for database in shop.databases.values():
            self.mortal.server.drop(database)
        shutil.rmtree(shop.root)


def main(seconds: float, seed: int | None) -> int:
    """Rounds until the time is up; at least one. Returns the exit status."""
    tally, until = Tally(), time.monotonic() + seconds
    with ground() as there:
        rounds = 0
        while not rounds or (seed is None and time.monotonic() < until):
            rounds += 1
            number = secrets.randbelow(1_000_000) if seed is None else seed
            before = tally.kills
            one_round(there, number, tally)
            print(f"round {rounds}, seed {number}: {tally.kills - before} kills", flush=True)
    for line in tally.different:
        print(line)
    print(f"soak: {tally.kills} kills, {len(tally.different)} differences", flush=True)
    return 1 if tally.different else 0


@contextlib.contextmanager
def ground() -> Iterator[Ground]:
    """A server, a process to fork from, and two undisturbed runs."""
    folder = Path(tempfile.mkdtemp(prefix="cutover-soak-"))
    folder.chmod(0o755)
    try:
        server = start(folder / "server", password=secrets.token_urlsafe(12), settings=SETTINGS)
        try:
            with forking(str(folder / "socket")) as forker:
                there = Ground(folder, Mortal(folder / "server", server), forker, {})
                for back in (False, True):
                    shop = there.shop(f"calm_{'back' if back else 'forward'}")
                    ended = shop.cutover(*_first(back), timeout=PATIENCE)
                    assert ended.status == 0, ended.out + ended.err
                    there.calm[back] = picture(shop)
                yield there
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def one_round(there: Ground, seed: int, tally: Tally) -> None:
    """One run, killed until it is enough, and then carried to its end."""
    dice = random.Random(seed)
    back = dice.random() < 0.5
    shop = there.shop(f"round_{seed}_{tally.kills}")
    words: tuple[str, ...] = _first(back)
    for _ in range(dice.randint(2, MOST)):
        ended = _disturbed(there, shop, words, dice, back=back, tally=tally)
        if ended is not None and shop.cutover("status", "dev-1", "--json").json["status"] in (
            "completed",
            "rolled_back",
        ):
            break
        words = ("resume", "dev-1") if _is_there(shop) else _first(back)
    says = _to_its_end(shop, words) or _compared(there, shop, back=back)
    if says:
        tally.different.append(f"seed {seed}, {'there and back' if back else 'forward'}: {says}")
    there.clear(shop)


def _disturbed(
    there: Ground, shop: Shop, words: tuple[str, ...], dice: random.Random, *, back: bool, tally: Tally
) -> int | None:
    """One command that something happens to; its exit status, None when it was killed."""
    if dice.randrange(10) < SERVER_IN_TEN:
        process = shop.start(*words)
        time.sleep(dice.uniform(0.2, 3))
        there.mortal.kill()
        tally.kills += 1
        time.sleep(dice.uniform(0, 0.5))
        there.mortal.rise()
        return process.wait(PATIENCE).status
    if dice.randrange(10) < MOMENT_IN_TEN:
        process = shop.start(*words)
        time.sleep(dice.uniform(0.05, 2))
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        status = process.wait(PATIENCE).status
    else:
        point = dice.choice([*FORWARD, *BACK] if back else FORWARD)
        at = f"{point}#{dice.randint(1, 4)}" if "chunk" in point or "journal" in point else point
        status = shop.cutover(*words, kill_at=at, timeout=PATIENCE).status
    if status == -signal.SIGKILL:
        tally.kills += 1
        return None
    return status


def _to_its_end(shop: Shop, words: tuple[str, ...]) -> str:
    """Carry the run on as a person would; why it came to no end, empty when it did."""
    for _ in range(4):
        if _is_there(shop) and shop.cutover("status", "dev-1", "--json").json["status"] in ("completed", "rolled_back"):
            return ""
        ended = shop.cutover(*words, timeout=PATIENCE)
        words = ("resume", "dev-1")
    return f"no end: {ended.status} {ended.out[-600:]}{ended.err[-600:]}"


def _compared(there: Ground, shop: Shop, *, back: bool) -> str:
    """What differs from the undisturbed run, empty when nothing does."""
    found, expected = picture(shop), there.calm[back]
    if found["report"]["rollback"] and not back:
        # The server was away when a step had no more tries: the way back was right, and the old world is its end.
        found, expected = ({**one, "report": None} for one in (found, there.calm[True]))
    return "" if found == expected else "\n".join(differences(expected, found))


def _is_there(shop: Shop) -> bool:
    return bool(shop.cutover("status", "--json").json["runs"])


def _first(back: bool) -> tuple[str, ...]:
    return ("rehearse", ONE_SHOT, "--env", "dev", *(("--drill",) if back else ()))


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None))
