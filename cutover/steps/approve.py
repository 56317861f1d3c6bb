"""`approve`: a gate. People of named roles say go or no-go; one no-go closes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

from pydantic import Field

from cutover import points
from cutover.contract import Context, Fields, References, Vote
from cutover.errors import GateClosed, WaitingForPerson
from cutover.model.outcome import Action, Facts
from cutover.model.people import asks_nobody, check_roles, may_vote, those_asked

POINTS = ("approve.before_decision", "approve.decided")


class Approve(Fields):
    """Wait until enough people have said go."""

    kind: ClassVar[str] = "approve"
    effects: ClassVar[bool] = False

    by: tuple[str, ...] = Field(min_length=1, description="roles whose people are asked")
    question: str = Field(min_length=1, description="what they decide, as a question")
    needs: int = Field(default=1, ge=1, description="how many different people must say go")

    def says(self) -> str:
        return f"ask {self._who()}: {self.question}"

    def references(self) -> References:
        return References()

    def undoable(self) -> bool:
        return True

    def asks(self) -> tuple[str, ...]:
        return self.by

    def needs_evidence(self) -> bool:
        return False

    def check(self, ctx: Context) -> None:
        if not asks_nobody(ctx.environment, ctx.mode):
            check_roles(ctx.environment, self.by, self.needs)

    def plan(self, ctx: Context) -> Iterator[Action]:
        if asks_nobody(ctx.environment, ctx.mode):
            yield Action(says=f"go on without asking {self._who()}: people are simulated here")
        else:
            yield Action(says=self.says(), detail={"people": those_asked(ctx.environment, self.by)})

    def run(self, ctx: Context) -> Facts:
        if asks_nobody(ctx.environment, ctx.mode):
            ctx.log(f"nobody was asked: {self.question}")
            return self._decided(ctx, "simulated", ())
        votes = ctx.votes()
        against = [vote for vote in votes if not vote.go]
        if against:
            self._decided(ctx, "no-go", votes)
            raise _closed(ctx, against[0])
        self._wait_for_more(ctx, votes)
        return self._decided(ctx, "go", votes)

    def verify(self, ctx: Context) -> None:
        """Nothing was changed; votes and decision stand in the journal."""

    def undo(self, ctx: Context) -> Facts:
        return {}

    def _who(self) -> str:
        several = f" ({self.needs} must agree)" if self.needs > 1 else ""
        return ", ".join(self.by) + several

    def _wait_for_more(self, ctx: Context, votes: Sequence[Vote]) -> None:
        agreed = {vote.person for vote in votes if may_vote(ctx.environment, self.by, vote.person, vote.role)}
        missing = self.needs - len(agreed)
        if missing <= 0:
            return
        said = f" ({', '.join(sorted(agreed))} said go)" if agreed else ""
        raise WaitingForPerson(
            f"gate {ctx.spec.id!r} waits for {missing} go {'vote' if missing == 1 else 'votes'} "
            f"of {those_asked(ctx.environment, self.by, but=agreed)}{said}: {self.question}",
            hint=f'cutover approve {ctx.run} {ctx.spec.id} --go{_named(ctx)} --reason "…"',
        )

    def _decided(self, ctx: Context, decision: str, votes: Sequence[Vote]) -> Facts:
        """Write the decision, and return what the step says of it; again, after a crash, it is the same."""
        points.reach("approve.before_decision")
        ctx.decide(decision, votes)
        points.reach("approve.decided")
        return {
            "decision": decision,
            "role": ", ".join(self.by),
            "question": self.question,
            "votes": [_plain(vote) for vote in votes],
        }


def _named(ctx: Context) -> str:
    """What the command needs where several people vote under one account."""
    return " --as NAME" if ctx.environment.declared_names else ""


def _closed(ctx: Context, vote: Vote) -> GateClosed:
    return GateClosed(
        f"gate {ctx.spec.id!r} is closed: {vote.person!r} ({vote.role}) said no-go: {vote.reason}",
        hint="votes never change: roll back, mend what was said, and begin a new run",
    )


def _plain(vote: Vote) -> dict[str, Any]:
    return {name: value for name, value in asdict(vote).items() if name != "evidence"}
