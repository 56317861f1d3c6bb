"""`switch`: lets the application use another database, by one name in its connection file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from cutover import points
from cutover.content import digest_bytes
from cutover.contract import Context, Fields, References
from cutover.dataplane import connection_file
from cutover.dataplane.connection_file import ConnectionFile, Entry
from cutover.errors import StepFailed
from cutover.model.outcome import Action, Facts

POINTS = (
    "switch.remembered",
    "switch.written",
    "switch.renamed",
    "switch.undo.written",
    "switch.undo.renamed",
)

_TAKING_BACK = "taking back"


class PointsElsewhere(StepFailed):
    """The application was pointed at another database by somebody else; that is theirs to take back."""

    code: ClassVar[str] = "CUT-373"


class Switch(Fields):
    """Point the application, or one wave of it, at a database."""

    kind: ClassVar[str] = "switch"
    effects: ClassVar[bool] = True

    to: str = Field(min_length=1, description="database that the application shall use")
    wave: str | None = Field(
        default=None, min_length=1, alias="for", description="value of the wave that moves; without it all the rest"
    )

    def says(self) -> str:
        return f"point {self._who()} at {self.to}"

    def references(self) -> References:
        return References(databases=(self.to,))

    def undoable(self) -> bool:
        return True

    def says_undo(self, facts: Facts) -> str:
        """See `contract.SaysUndo`."""
        return f"point {self._who()} back to where it pointed; what users wrote into {self.to} since stays there"

    def check(self, ctx: Context) -> None:
        file = connection_file.of_environment(ctx.environment)
        connection_file.read(file)
        connection_file.check_replace(file)
        ctx.database(self.to).server_version()

    def plan(self, ctx: Context) -> Iterator[Action]:
        now = connection_file.read(connection_file.of_environment(ctx.environment)).uses(self.wave)
        if now == self.to:
            yield Action(says=f"change nothing: {self._who()} uses {self.to} already")
        else:
            yield Action(says=f"{self.says()} instead of {now}", undo=f"point it at {now} again")

    def run(self, ctx: Context) -> Facts:
        file = connection_file.of_environment(ctx.environment)
        now = connection_file.read(file)
        before = ctx.remember("before", _plain(now, self.wave))
        points.reach("switch.remembered")
        facts = {"file": _shown(ctx, file), "before": before["uses"], "after": self.to}
        if now.uses(self.wave) == self.to:
            connection_file.remove_partial(file, _mark(ctx))
            ctx.log(f"nothing to do: {self._who()} uses {self.to} already")
            return facts
        self._refuse_strangers(now, before, file, known=(before["said"],))
        self._replace(ctx, now, now.pointing_at(self.to, self.wave), back=False)
        ctx.log(f"{self._who()} uses {self.to} now, and used {before['uses']} before")
        return facts

    def verify(self, ctx: Context) -> None:
        """Read the file from the disk again, and ask the database that it names for a sign of life."""
        file = connection_file.of_environment(ctx.environment)
        found = connection_file.read(file).uses(self.wave)
        if found != self.to:
            raise StepFailed(f"{self._who()} uses {found!r}, not {self.to!r} (file '{file}')")
        ctx.database(found).server_version()

    def undo(self, ctx: Context) -> Facts:
        before = ctx.remembered("before")
        if before is None or before["uses"] == self.to:
            return {"nothing_to_do": True}
        file = connection_file.of_environment(ctx.environment)
        now = connection_file.read(file)
        connection_file.remove_partial(file, _mark(ctx))
        if now.said(self.wave) == before["said"]:
            ctx.log(f"nothing to take back: {self._who()} uses {now.uses(self.wave)}")
            # An earlier try, killed before it could say so, may have taken it back.
            return self._back(ctx, file, before, nothing_to_do=ctx.remembered(_TAKING_BACK) is None)
        self._refuse_strangers(now, before, file, known=(before["said"], self.to))
        ctx.remember(_TAKING_BACK, True)
        entry = Entry(literal=before["literal"], has_waves=before["has_waves"])
        self._replace(ctx, now, now.with_entry(entry, self.wave), back=True)
        return self._back(ctx, file, before, nothing_to_do=False)

    def _who(self) -> str:
        return "the application" if self.wave is None else f"the application for {self.wave!r}"

    def _replace(self, ctx: Context, now: ConnectionFile, becomes: ConnectionFile, *, back: bool) -> None:
        way = "switch.undo" if back else "switch"
        file = connection_file.of_environment(ctx.environment)
        lease = ctx.database(self.to)

        def written() -> None:
            points.reach(f"{way}.written")
            lease.confirm()  # no transaction holds a file: the lease is asked as late as can be

        connection_file.replace(file, now, becomes, mark=_mark(ctx), written=written)
        points.reach(f"{way}.renamed")

    def _refuse_strangers(
        self, now: ConnectionFile, before: Mapping[str, Any], file: Path, *, known: Sequence[str | None]
    ) -> None:
        """Raise unless what the file itself says of our wave is one of `known`."""
        if now.said(self.wave) in known:
            return
        raise PointsElsewhere(
            f"somebody else has changed the connection file: {self._who()} uses {now.uses(self.wave)!r}, "
            f"and it was {before['uses']!r} before this step (file '{file}')",
            hint=f"find out who wants that; with {before['uses']!r} or {self.to!r} there again this step can go on",
        )

    def _back(self, ctx: Context, file: Path, before: Mapping[str, Any], *, nothing_to_do: bool) -> Facts:
        """Look at the file again, and say whether it is, to the byte, the one from before the step."""
        now = connection_file.read(file)
        if now.said(self.wave) != before["said"]:
            raise PointsElsewhere(f"{self._who()} still uses {now.uses(self.wave)!r} (file '{file}')")
        same = digest_bytes(now.data) == before["digest"]
        if not same:
            ctx.log(f"{_shown(ctx, file)} was changed by others, too: only our own entry was taken back")
        return {"file": _shown(ctx, file), "after": now.uses(self.wave), "same": same, "nothing_to_do": nothing_to_do}


def _plain(now: ConnectionFile, wave: str | None) -> dict[str, Any]:
    """What undo needs, for the journal; not the file itself, which may hold passwords."""
    entry = now.entry(wave)
    return {
        "uses": now.uses(wave),
        "said": now.said(wave),
        "literal": entry.literal,
        "has_waves": entry.has_waves,
        "digest": digest_bytes(now.data),
    }


def _mark(ctx: Context) -> str:
    """The same for every attempt, so that a later one finds what a killed one has left."""
    return f"{ctx.run}-{ctx.spec.id}"


def _shown(ctx: Context, file: Path) -> str:
    """The file as it is written down: relative to the project folder where it lies in it."""
    return str(file.relative_to(ctx.project.root) if file.is_relative_to(ctx.project.root) else file)
