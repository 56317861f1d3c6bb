"""`approve`: a gate. Measured facts must hold, and people of named roles say go or no-go; one no-go closes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from cutover import points
from cutover.contract import Context, Fields, References
from cutover.errors import GateClosed, Inconclusive, WaitingForPerson
from cutover.model.outcome import Action, Facts
from cutover.model.people import Vote, asks_nobody, check_roles, those_asked
from cutover.voting import clocks, counting, facts
from cutover.voting.asking import Asking, Escalate, Lasting, in_ms
from cutover.voting.counting import Count, check_keys
from cutover.voting.facts import GateFact, Verdict

POINTS = ("approve.before_decision", "approve.decided")

Fact = Annotated[str, AfterValidator(facts.known)]


class Approve(Fields):
    """Wait until the facts hold and enough people have said go."""

    kind: ClassVar[str] = "approve"
    effects: ClassVar[bool] = False

    question: str = Field(min_length=1, description="what is decided, as a question")
    by: tuple[str, ...] = Field(default=(), description="roles whose people are asked")
    needs: int = Field(default=1, ge=1, description="how many different people must say go, in all")
    quorum: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default={}, description="role -> how many of its people must say go"
    )
    facts: tuple[Fact, ...] = Field(default=(), description="what must be so: reconciled, coverage >= 95 %, …")
    expires: Lasting | None = Field(default=None, description="a gate that has waited this long is a no-go")
    remind: Lasting | None = Field(default=None, description="how often those asked are reminded")
    escalate: Escalate | None = Field(default=None, description="whom to tell when nobody answers")

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.by and not self.facts:
            raise ValueError("a gate asks people (by:), or rests on facts (facts:), or both")
        unasked = [role for role in self.quorum if role not in self.by]
        if unasked:
            raise ValueError(f"quorum: role {unasked[0]!r} is not among by: {', '.join(self.by) or 'nobody'}")
        return self

    def says(self) -> str:
        hold = f"unless {self._holds()}, do not go on; " if self.by and self.facts else ""
        return f"{hold}ask {self._who()}: {self.question}" if self.by else f"go on only if {self._holds()}"

    def references(self) -> References:
        return References()

    def undoable(self) -> bool:
        return True

    def asks(self) -> tuple[str, ...]:
        return self.by

    def asking(self) -> Asking:
        return Asking(
            what=self.question,
            needs=self._people(),
            facts=self.facts,
            expires_ms=in_ms(self.expires),
            remind_ms=in_ms(self.remind),
            escalate_ms=in_ms(self.escalate.after) if self.escalate else None,
            escalate_to=self.escalate.to if self.escalate else "",
        )

    def needs_evidence(self) -> bool:
        return False

    def check(self, ctx: Context) -> None:
        if not self.by or asks_nobody(ctx.environment, ctx.mode):
            return
        check_roles(ctx.environment, self.by, self._people())
        for role, number in self.quorum.items():
            check_roles(ctx.environment, (role,), number)
        if self.escalate:
            check_roles(ctx.environment, (self.escalate.to,), 1)
        check_keys(ctx.environment, ctx.project.signers, self.by, self._people())

    def plan(self, ctx: Context) -> Iterator[Action]:
        if self.facts:
            yield Action(says=f"go on only if {self._holds()}")
        if self.by and asks_nobody(ctx.environment, ctx.mode):
            yield Action(says=f"go on without asking {self._who()}: people are simulated here")
        elif self.by:
            who = those_asked(ctx.environment, self.by)
            yield Action(says=f"ask {self._who()}: {self.question}", detail={"people": who})

    def run(self, ctx: Context) -> Facts:
        votes = ctx.votes()
        against = [vote for vote in votes if not vote.go]
        if against:
            self._decided(ctx, "no-go", votes)
            raise _vetoed(ctx, against[0])
        looked = self._must_hold(ctx, votes)
        if not self.by:
            return self._decided(ctx, "go", votes, looked)
        if asks_nobody(ctx.environment, ctx.mode):
            ctx.log(f"nobody was asked: {self.question}")
            return self._decided(ctx, "simulated", (), looked)
        counted = self._count(ctx, votes)
        self._wait_for_more(ctx, votes, counted)
        return self._decided(ctx, "go", votes, looked, counted)

    def verify(self, ctx: Context) -> None:
        """Nothing was changed; votes and decision stand in the journal."""

    def undo(self, ctx: Context) -> Facts:
        return {}

    def _people(self) -> int:
        return max(self.needs, sum(self.quorum.values()))

    def _holds(self) -> str:
        return " and ".join(f"it is so: {fact}" for fact in self.facts)

    def _who(self) -> str:
        if self.quorum:
            return ", ".join(f"{role} ({self.quorum[role]})" if role in self.quorum else role for role in self.by)
        return ", ".join(self.by) + (f" ({self.needs} must agree)" if self.needs > 1 else "")

    def _must_hold(self, ctx: Context, votes: Sequence[Vote]) -> tuple[GateFact, ...]:
        """The facts as they are now; GateClosed when one does not hold, Inconclusive when one cannot be told."""
        looked = facts.look(self.facts, ctx.events(), rollback_fits=ctx.rollback_fits) if self.facts else ()
        for fact in looked:
            if fact.verdict is Verdict.NO:
                self._decided(ctx, "no-go", votes, looked)
                raise GateClosed(
                    f"gate {ctx.spec.id!r} is closed: not so: {fact.fact}: {fact.says}",
                    hint=f"read from {fact.read}; mend that, and begin a new run",
                )
        for fact in looked:
            if fact.verdict is Verdict.INCONCLUSIVE:
                self._decided(ctx, "inconclusive", votes, looked)
                raise Inconclusive(
                    f"gate {ctx.spec.id!r} is closed: it cannot be told whether {fact.fact}: {fact.says}",
                    hint=f"looked at {fact.read}; what proves it must be done before this gate",
                )
        return looked

    def _count(self, ctx: Context, votes: Sequence[Vote]) -> Count:
        return counting.count(_ballot(self, ctx), votes)

    def _wait_for_more(self, ctx: Context, votes: Sequence[Vote], counted: Count) -> None:
        """Return when enough have agreed, or one has broken the glass; GateClosed when the gate has expired."""
        missing = self._missing(counted)
        if not missing or counted.glass:
            return
        until = clocks.expires_at(self.asking(), clocks.waits_since(ctx.events(), ctx.spec.id))
        if until is not None and ctx.clock.now() > until:
            self._decided(ctx, "no-go", votes)
            raise GateClosed(
                f"gate {ctx.spec.id!r} has expired: {missing} missing at {until:%Y-%m-%d %H:%M} UTC",
                hint="no answer is a no-go: roll back, and begin a new run",
            )
        agreed = counted.people
        said = f" ({', '.join(sorted(agreed))} said go)" if agreed else ""
        void = f"; {counting.said(counted.void)}" if counted.void else ""
        raise WaitingForPerson(
            f"gate {ctx.spec.id!r} waits for {missing} of "
            f"{those_asked(ctx.environment, self.by, but=[*agreed, *counted.void])}{said}{void}: {self.question}",
            hint=f'cutover approve {ctx.run} {ctx.spec.id} --go{_named(ctx)} --reason "…"',
        )

    def _missing(self, counted: Count) -> str:
        """How many go votes are missing, as text; empty when none is."""
        by_role = Counter(vote.role for vote in counted.counted)
        short = {role: number - by_role[role] for role, number in self.quorum.items() if by_role[role] < number}
        roles = [f"{number} of {role}" for role, number in short.items()]
        number = max(self._people() - len(counted.counted), 0)
        if not number and not roles:
            return ""
        listed = f" ({', '.join(roles)})" if roles else ""
        number = max(number, 1)
        return f"{number} go {'vote' if number == 1 else 'votes'}{listed}"

    def _decided(
        self,
        ctx: Context,
        decision: str,
        votes: Sequence[Vote],
        looked: Sequence[GateFact] = (),
        counted: Count | None = None,
    ) -> Facts:
        """Write the decision, and return what the step says of it; again, after a crash, it is the same."""
        points.reach("approve.before_decision")
        ctx.decide(decision, votes)
        points.reach("approve.decided")
        more: dict[str, Any] = {"facts": [fact.plain() for fact in looked]} if looked else {}
        if counted and counted.glass and self._missing(counted):
            more["break_glass"] = counted.glass.person
        if counted and counted.void:
            more["void"] = dict(counted.void)
        return {
            "decision": decision,
            "role": ", ".join(self.by),
            "question": self.question,
            "votes": [vote.brief() for vote in votes],
            **more,
        }


def _ballot(step: Approve, ctx: Context) -> counting.Ballot:
    events = ctx.events()
    until = clocks.expires_at(step.asking(), clocks.waits_since(events, ctx.spec.id))
    return counting.ballot_of(
        ctx.environment, step.by, events, ctx.spec.id, signers=ctx.project.signers, until=until
    )  # fmt: skip


def _named(ctx: Context) -> str:
    """What the command needs where several people vote under one account."""
    return " --as NAME" if ctx.environment.declared_names else ""


def _vetoed(ctx: Context, vote: Vote) -> GateClosed:
    return GateClosed(
        f"gate {ctx.spec.id!r} is closed: {vote.person!r} ({vote.role}) said no-go: {vote.reason}",
        hint="votes never change: roll back, mend what was said, and begin a new run",
    )
