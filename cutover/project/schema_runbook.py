"""
The schema of `runbooks/*.yaml` and `snippets/*.yaml`, as Pydantic classes: what is common to all steps.

The one key of a step that names its kind, and what stands under it, is typed by the kind's own class
(`loading_runbook`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from cutover.model.project import Mode
from cutover.model.runbook import OnFailure, Strategy, When
from cutover.project.declared import Declared
from cutover.project.texts import (
    Duration,
    Filled,
    Flag,
    Listed,
    Name,
    Positive,
    StepId,
    Strict,
    VariableName,
    WrongKey,
    listed,
)
from cutover.project.texts_of_time import HardStopText, WindowText


class WaveText(Strict):
    """One part of a phased go-live."""

    wave: StepId = Field(description="name; it becomes part of the ids of the wave's steps")
    value: Filled = Field(description="the rows whose wave_by column has this value")


class RetryText(Strict):
    """How often a step is tried when waiting may heal what went wrong."""

    tries: Annotated[Positive, Field(le=100)] = Field(default=3, description="attempts in all")
    wait: Duration = Field(default=2.0, description="before the second attempt; it grows from there")


Several = Annotated[Listed, Field(min_length=1)]
Modes = Annotated[
    tuple[Mode, ...], Field(min_length=1), BeforeValidator(listed, json_schema_input_type=Mode | list[Mode])
]
Strategies = Annotated[
    tuple[Strategy, ...],
    Field(min_length=1),
    BeforeValidator(listed, json_schema_input_type=Strategy | list[Strategy]),
]


class WhenText(Strict):
    """Where a step is carried out; all that is named must hold, and of each any one value is enough."""

    environment: Several | None = Field(default=None, description="environments")
    mode: Modes | None = Field(default=None, description="rehearsal or live")
    strategy: Strategies | None = Field(default=None, description="strategies, for snippets")
    variables: dict[VariableName, Several] = Field(default={}, description="variable -> the values that it must have")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.environment or self.mode or self.strategy or self.variables):
            raise ValueError("says nothing; write environment, mode, strategy or variables, or take it out")
        return self

    def value(self) -> When:
        """As a value."""
        return When(
            environments=self.environment or (),
            modes=self.mode or (),
            strategies=self.strategy or (),
            variables=dict(self.variables),
        )


class StepText(Strict):
    """A step: an id, one key that names its kind, and what is common to all kinds."""

    model_config = ConfigDict(extra="allow", frozen=True)

    step: StepId = Field(description="id of the step, unique in the runbook")
    after: Listed | None = Field(
        default=None, description="steps that must be done before; default: the one before it in the file"
    )
    by: Filled | None = Field(default=None, description="role that answers for the step")
    expect: Duration | None = Field(
        default=None, description="how long it should take, until a rehearsal says it better"
    )
    retry: RetryText = Field(default=RetryText(), description="how often it is tried")
    if_it_fails: OnFailure | None = Field(default=None, description="roll back (default), or stop and ask")
    when: WhenText | None = Field(default=None, description="where it is carried out; default: always")
    window: WindowText | None = Field(default=None, description="a live run begins it only inside")
    point_of_no_return: Flag = Field(default=False, description="once it has begun there is no way back")


class PhaseText(Strict):
    """Steps under a heading; with `for_each: wave` once per wave."""

    phase: Filled = Field(description="heading")
    for_each: Literal["wave"] | None = Field(default=None, description="wave: these steps once for each wave")
    side_by_side: Flag = Field(
        default=False, description="its steps come after what is before the phase, and not after each other"
    )
    window: WindowText | None = Field(default=None, description="window of the steps that have none of their own")
    steps: tuple[StepText, ...] = Field(min_length=1, description="the steps, in order")


class RunbookText(Strict):
    """A runbook: how the new system goes live."""

    runbook: Filled = Field(description="title")
    strategy: Strategy = Field(description="how the new system goes live")
    owner: Filled | None = Field(default=None, description="who answers for the whole")
    waves: tuple[WaveText, ...] = Field(default=(), description="the parts of a phased go-live, in order")
    parallel: Annotated[Positive, Field(le=64)] = Field(default=1, description="how many steps may run side by side")
    hard_stop: HardStopText | None = Field(default=None, description="by when all must be over")
    variables: dict[VariableName, Declared] = Field(
        default={}, description="what differs from environment to environment, by name"
    )
    overrides: dict[Name, dict[StepId, dict[str, Any]]] = Field(
        default={}, description="environment -> step -> what is different there; tighter only where it is live"
    )
    phases: tuple[PhaseText, ...] = Field(min_length=1, description="what happens, in order")

    @model_validator(mode="after")
    def _waves_fit(self) -> Self:
        phased = [phase.phase for phase in self.phases if phase.for_each]
        if self.strategy is Strategy.PARALLEL:
            raise WrongKey("strategy", "strategy 'parallel' needs change capture, which this version does not have")
        if phased and not self.waves:
            raise WrongKey(
                "phases",
                f"phase {phased[0]!r} is for each wave, and there are no waves; write waves: [{{wave: …, value: …}}]",
            )
        if self.waves and not phased:
            raise WrongKey(
                "waves", "there are waves, and no phase is for each of them; write for_each: wave in a phase"
            )
        if (self.strategy is Strategy.PHASED) != bool(self.waves):
            raise WrongKey(
                "strategy", f"strategy {self.strategy.value!r} {'needs' if not self.waves else 'has no'} waves"
            )
        return self


class IncludeText(Strict):
    """The steps of a snippet, where a step could stand."""

    include: Filled = Field(description="file in snippets/")
    with_: dict[VariableName, str | tuple[str, ...]] = Field(
        default={}, alias="with", description="values of the snippet's parameters"
    )
    as_: StepId | None = Field(default=None, alias="as", description="goes before the ids of its steps, with a '-'")


class SnippetText(Strict):
    """Steps that several runbooks share, or one runbook several times."""

    snippet: Filled = Field(description="title")
    parameters: dict[VariableName, Declared] = Field(default={}, description="what an include gives, by name")
    steps: tuple[StepText, ...] = Field(min_length=1, description="the steps, in order; includes among them")


def keys_of_a_step() -> frozenset[str]:
    """The keys that every kind of step has."""
    return frozenset(StepText.model_fields)
