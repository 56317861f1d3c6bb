"""`manual`: what only a person can do. The run waits until somebody of the role says that it is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, ClassVar, Literal

from pydantic import Field

from cutover import points
from cutover.contract import Context, Fields, References, Vote
from cutover.errors import StepFailed, WaitingForPerson
from cutover.model.outcome import Action, Facts
from cutover.model.people import asks_nobody, check_roles, may_vote, those_asked

POINTS = ("manual.before_decision", "manual.decided")


class Manual(Fields):
    """Ask a person to do something, and wait for their word."""

    kind: ClassVar[str] = "manual"
    effects: ClassVar[bool] = True

    do: str = Field(min_length=1, description="what is to be done, as an instruction")
    role: str = Field(min_length=1, description="whose people do it")
    evidence: Literal["optional", "required"] = Field(
        default="optional", description="whether the confirmation must come with --evidence"
    )
    undo_text: str | None = Field(
        default=None, min_length=1, alias="undo", description="what is to be done to take it back, as an instruction"
    )

    def says(self) -> str:
        back = f"; to take it back: {self.undo_text}" if self.undo_text else ""
        return f"{self.role} by hand: {self.do}{back}"

    def references(self) -> References:
        return References()

    def undoable(self) -> bool:
        return self.undo_text is not None

    def asks(self) -> tuple[str, ...]:
        return (self.role,)

    def needs_evidence(self) -> bool:
        return self.evidence == "required"

    def check(self, ctx: Context) -> None:
        if not asks_nobody(ctx.environment, ctx.mode):
            check_roles(ctx.environment, (self.role,), needs=1)

    def plan(self, ctx: Context) -> Iterator[Action]:
        if asks_nobody(ctx.environment, ctx.mode):
            yield Action(says=f"go on without asking {self.role}: people are simulated here")
        else:
            yield Action(says=f"wait until {self.role} has done by hand: {self.do}", undo=self.undo_text or "")

    def run(self, ctx: Context) -> Facts:
        if asks_nobody(ctx.environment, ctx.mode):
            ctx.log(f"nobody was asked: {self.do}")
            return self._decided(ctx, "simulated", ())
        votes = ctx.votes()
        if any(not vote.go for vote in votes):
            self._decided(ctx, "not done", votes)
        self._done_by_hand(ctx, self.do, votes)
        return self._decided(ctx, "done", votes)

    def verify(self, ctx: Context) -> None:
        """What a person did cannot be looked at from here; their word stands in the journal."""

    def undo(self, ctx: Context) -> Facts:
        if asks_nobody(ctx.environment, ctx.mode):
            return {"decision": "simulated", "nothing_to_do": True}
        if self.undo_text is None:
            raise StepFailed(
                f"manual step {ctx.spec.id!r} does not say how it is taken back: {self.do}",
                hint="take it back by hand, then say so",
            )
        votes = ctx.votes()
        self._done_by_hand(ctx, f"(if it was begun) {self.undo_text}", votes)
        return self._facts("done", self.undo_text, votes)

    def _done_by_hand(self, ctx: Context, what: str, votes: Sequence[Vote]) -> None:
        """Return when a person of the role has said that `what` is done."""
        for vote in votes:
            if not vote.go:
                raise StepFailed(
                    f"manual step {ctx.spec.id!r} could not be done: {vote.person!r} ({vote.role}): {vote.reason}",
                    hint=f"votes never change; cutover status {ctx.run} says what can be done now",
                )
        if not any(self._counts(ctx, vote) for vote in votes):
            raise WaitingForPerson(
                f"manual step {ctx.spec.id!r} waits for "
                f"{those_asked(ctx.environment, self.asks(), but=[vote.person for vote in votes])}"
                f"{self._without_evidence(votes)}: {what}",
                hint=self._how_to_confirm(ctx),
            )

    def _counts(self, ctx: Context, vote: Vote) -> bool:
        proved = bool(vote.evidence) or self.evidence == "optional"
        return proved and may_vote(ctx.environment, self.asks(), vote.person, vote.role)

    def _without_evidence(self, votes: Sequence[Vote]) -> str:
        bare = [vote.person for vote in votes if not vote.evidence]
        return f" ({', '.join(bare)} gave no evidence)" if bare and self.evidence == "required" else ""

    def _how_to_confirm(self, ctx: Context) -> str:
        evidence = ' --evidence "…"' if self.evidence == "required" else ""
        named = " --as NAME" if ctx.environment.declared_names else ""  # several people may vote under one account
        return f'cutover approve {ctx.run} {ctx.spec.id} --go{named} --reason "…"{evidence}'

    def _decided(self, ctx: Context, decision: str, votes: Sequence[Vote]) -> Facts:
        """Write the decision, and return what the step says of it; again, after a crash, it is the same."""
        points.reach("manual.before_decision")
        ctx.decide(decision, votes)
        points.reach("manual.decided")
        return self._facts(decision, self.do, votes)

    def _facts(self, decision: str, what: str, votes: Sequence[Vote]) -> dict[str, Any]:
        return {
            "decision": decision,
            "role": self.role,
            "do": what,
            "votes": [asdict(vote) for vote in votes],
            "evidence": next((vote.evidence for vote in votes if vote.evidence), ""),
        }
