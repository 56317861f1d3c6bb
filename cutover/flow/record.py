"""What a flow run is called, and what became of it: plain values that need no Prefect."""

from __future__ import annotations

from dataclasses import dataclass

from cutover.model.project import Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptTitle:
    """One attempt of a run, as people look for it on Prefect's pages."""

    runbook: str
    environment: str
    mode: Mode
    attempt: int  # 1, 2, 3 …: a resumed run is another attempt
    run: str
    rollback: bool = False  # this attempt brings the old world back because somebody asked for it

    @property
    def name(self) -> str:
        """The flow run's name: `Flights go live · production · live #2`."""
        ending = " · rollback" if self.rollback else ""
        return f"{self.runbook} · {self.environment} · {self.mode} #{self.attempt}{ending}"

    @property
    def flow(self) -> str:
        """The flow's name, the same whether the command line or a deployment starts it."""
        if self.rollback:
            return "roll-back"
        return "go-live" if self.mode is Mode.LIVE else "rehearse"

    @property
    def tags(self) -> tuple[str, ...]:
        """The flow run's tags. Tasks get none: Prefect would ask the server for a slot per tag before each task."""
        return (f"run:{self.run}", f"env:{self.environment}", f"attempt:{self.attempt}", str(self.mode))


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefectRecord:
    """What Prefect knows of an attempt. It is a view; the journal is the truth."""

    flow_run_id: str = ""  # empty: there is no flow run
    url: str = ""  # the flow run's page
    complete: bool
    says: str

    def facts(self) -> dict[str, object]:
        """As plain values for the journal."""
        return {"flow_run_id": self.flow_run_id, "url": self.url, "complete": self.complete, "says": self.says}
