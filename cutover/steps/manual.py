"""`manual`: what only a person can do. The run waits until somebody of the role says that it is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

from pydantic import Field

from cutover import points
from cutover.contract import Context, Fields, References
from cutover.errors import StepFailed, WaitingForPerson
from cutover.model.outcome import Action, Facts
from cutover.model.people import Vote, asks_nobody, check_roles, those_asked
from cutover.voting import counting
from cutover.voting.asking import Asking, Escalate, Lasting, in_ms
from cutover.voting.counting import check_keys

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
    remind: Lasting | None = Field(default=None, description="how often those of the role are reminded")
    escalate: Escalate | None = Field(default=None, description="whom to tell when nobody answers")

    def says(self) -> str:
        back = f"; to take it back: {self.undo_text}" if self.undo_text else ""
        return f"{self.role} by hand: {self.do}{back}"

    def references(self) -> References:
        return References()

    def undoable(self) -> bool:
        return self.undo_text is not None

    def asks(self) -> tuple[str, ...]:
        return (self.role,)

    def asking(self) -> Asking:
        return Asking(
            what=self.do,
            back=self.undo_text or "",
            remind_ms=in_ms(self.remind),
            escalate_ms=in_ms(self.escalate.after) if self.escalate else None,
            escalate_to=self.escalate.to if self.escalate else "",
        )

    def needs_evidence(self) -> bool:
        return self.evidence == "required"

    def says_undo(self, facts: Facts) -> str:
        """See `contract.SaysUndo`."""
        return f"{self.role} by hand: {self.undo_text}" if self.undo_text else "it stays: nothing takes it back"

    def check(self, ctx: Context) -> None:
        if not asks_nobody(ctx.environment, ctx.mode):
            check_roles(ctx.environment, (self.role,), needs=1)
            if self.escalate:
                check_roles(ctx.environment, (self.escalate.to,), needs=1)
            check_keys(ctx.environment, ctx.project.signers, (self.role,), 1)

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
        counted = counting.count(self._ballot(ctx), votes)
        if not any(self._proved(vote) for vote in counted.counted):
            void = f"; {counting.said(counted.void)}" if counted.void else ""
            raise WaitingForPerson(
                f"manual step {ctx.spec.id!r} waits for "
                f"{those_asked(ctx.environment, self.asks(), but=[vote.person for vote in votes])}"
                f"{self._without_evidence(votes)}{void}: {what}",
                hint=self._how_to_confirm(ctx),
            )

    def _ballot(self, ctx: Context) -> counting.Ballot:
        """Whoever does the work says that it is done: duties are separate at gates, not here."""
        environment = replace(ctx.environment, separate_duties=False)
        return counting.ballot_of(environment, self.asks(), ctx.events(), ctx.spec.id, signers=ctx.project.signers)

    def _proved(self, vote: Vote) -> bool:
        return bool(vote.evidence or vote.files) or self.evidence == "optional"

    def _without_evidence(self, votes: Sequence[Vote]) -> str:
        bare = [vote.person for vote in votes if not vote.evidence and not vote.files]
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
        files = [dict(file) for vote in votes for file in vote.files]
        return {
            "decision": decision,
            "role": self.role,
            "do": what,
            "votes": [vote.brief() for vote in votes],
            "evidence": next((vote.evidence for vote in votes if vote.evidence), ""),
            **({"files": files} if files else {}),
        }
