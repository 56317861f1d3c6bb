"""`cutover.yaml`: what each key becomes, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.errors import ExitStatus
from cutover.model.project import DatabaseRef, People, PrefectUse, Project, Requirement
from cutover.project.loading_project import load_project, read_project
from cutover.project.problems import WrongFile
from tests.unit.project.made_up import PROJECT, project, write

LIVE = """\
  production:
    live: true
    databases: {old: "sqlite:////var/old.db", new: env:NEW_URL}
    application: production/application.json
    roles: {owner: [olivia, oscar], dba: dana}
    declared_names: true
    prefect: required
    requires:
      - {environment: dev, at_least: 2, within: 21 d, rollback_rehearsed: true, restore_proved: true,
         minimum_volume: 0.8, minimum_coverage: 95 %}
    tools: {postgresql: "env:PG_BIN", sqlite: tools/sqlite}
"""


def loaded(root: Path, text: str, environ: dict[str, str] | None = None) -> Project:
    write(root, "cutover.yaml", text)
    return load_project(root, environ or {})


def refused(root: Path, text: str) -> WrongFile:
    with pytest.raises(WrongFile) as caught:
        loaded(root, text)
    return caught.value


def warned(root: Path, text: str) -> list[str]:
    write(root, "cutover.yaml", text)
    return [f"{problem.severity}: {problem.where}: {problem.says}" for problem in read_project(root, {})[1]]


def test_defaults(tmp_path: Path) -> None:
    project = loaded(tmp_path, "project: p\nenvironments:\n  dev:\n    databases: {old: 'sqlite:///old.db'}\n")
    dev = project.environments["dev"]

    assert project.journal == tmp_path / ".cutover/journal.db"
    assert project.state == tmp_path / ".cutover"
    assert project.prefect_port == 4280
    assert (dev.live, dev.people, dev.prefect, dev.declared_names) == (
        False,
        People.REQUIRED,
        PrefectUse.BEST_EFFORT,
        False,
    )
    assert dev.databases == {"old": DatabaseRef(name="old", url="sqlite:///old.db")}


def test_every_key_of_an_environment(tmp_path: Path) -> None:
    production = loaded(tmp_path, PROJECT + LIVE, {"PG_BIN": "/usr/lib/pg"}).environments["production"]

    assert production.live and production.declared_names
    assert production.databases["new"].url == "env:NEW_URL"
    assert production.application == tmp_path / "production/application.json"
    assert production.roles == {"owner": ("olivia", "oscar"), "dba": ("dana",)}
    assert production.prefect is PrefectUse.REQUIRED
    assert production.requires == (
        Requirement(
            environment="dev",
            at_least=2,
            within_days=21,
            rollback_rehearsed=True,
            restore_proved=True,
            minimum_volume=0.8,
            minimum_coverage=0.95,
        ),
    )
    assert production.tools == {"postgresql": Path("/usr/lib/pg"), "sqlite": tmp_path / "tools/sqlite"}


def test_a_tool_whose_variable_is_not_set_is_left_to_the_search_path(tmp_path: Path) -> None:
    assert "postgresql" not in loaded(tmp_path, PROJECT + LIVE).environments["production"].tools


def test_port_0_is_any_free_one(tmp_path: Path) -> None:
    assert loaded(tmp_path, PROJECT + "prefect: {port: 0}\n").prefect_port == 0


def test_use_of_prefect_holds_for_environments_that_do_not_say_otherwise(tmp_path: Path) -> None:
    project = loaded(tmp_path, PROJECT + LIVE + "prefect: {use: off, port: 4300}\n")

    assert project.prefect_port == 4300
    assert {name: one.prefect for name, one in project.environments.items()} == {
        "dev": PrefectUse.OFF,
        "production": PrefectUse.REQUIRED,
    }


def test_a_wrong_file_is_wrong_input(tmp_path: Path) -> None:
    error = refused(tmp_path, PROJECT.replace("people:", "peopel:"))

    assert error.exit_status is ExitStatus.WRONG_INPUT
    assert str(error) == "cutover.yaml:7: environments.dev: key 'peopel' is not known"
    assert error.hint.startswith("did you mean 'people'?")


def test_all_problems_are_told_and_not_only_the_first(tmp_path: Path) -> None:
    text = PROJECT.replace("simulated", "imaginary").replace("project: shop\n", "project: shop\njournl: x\n")

    assert str(refused(tmp_path, text)).splitlines() == [
        "cutover.yaml:2: key 'journl' is not known",
        "cutover.yaml:8: environments.dev: 'people' must be 'required' or 'simulated', not 'imaginary'",
    ]


@pytest.mark.parametrize(
    "database",
    [
        "postgresql+psycopg://cutover:canary-7f3a91@host/new",
        "postgresql+psycopg://cutover:canary-7f3a91@host:5432/new?sslmode=require",
        "postgresql+psycopg://cutover:canary-7f3a91/x@host/new",
        "postgresql+psycopg://cutover:a@canary-7f3a91@host/new",
        "postgresql+psycopg://cutover@host/new?password=canary-7f3a91",
        "{url: 'postgresql+psycopg://cutover:canary-7f3a91@host/new'}",
        "{url: 'postgresql+psycopg://cutover@host/new', password: canary-7f3a91}",
        "{url: 'canary-7f3a91'}",
        "{url: ['canary-7f3a91']}",
        "{url: 'env:NEW', password: 'env:canary-7f3a91'}",
    ],
)
def test_case_58_a_password_in_the_file_is_refused_and_not_shown(tmp_path: Path, database: str) -> None:
    text = f"project: p\nenvironments:\n  dev:\n    databases:\n      new: {database}\n"
    error = refused(tmp_path, text)

    assert str(error).startswith("cutover.yaml:5: environments.dev.databases")
    assert "canary" not in str(error) + error.hint
    assert "url" in str(error) or "password" in str(error)


def test_a_live_environment_asks_real_people(tmp_path: Path) -> None:
    error = refused(tmp_path, PROJECT + LIVE + "    people: simulated\n")

    assert str(error) == "cutover.yaml:20: environments.production: a live environment cannot simulate people"


def test_a_required_environment_must_be_known(tmp_path: Path) -> None:
    error = refused(tmp_path, PROJECT + LIVE.replace("environment: dev", "environment: dve"))

    assert "environment 'dve' is not in cutover.yaml" in str(error)
    assert error.hint == "did you mean 'dev'? known environments: dev, production"


def test_a_rehearsal_cannot_be_required_where_users_work(tmp_path: Path) -> None:
    assert "is live" in str(refused(tmp_path, PROJECT + LIVE.replace("environment: dev", "environment: production")))


def test_a_live_environment_without_required_rehearsals_is_a_warning(tmp_path: Path) -> None:
    text = PROJECT + LIVE.partition("    requires:")[0]

    assert warned(tmp_path, text) == [
        "warning: cutover.yaml:9: environments.production: a live environment that requires no rehearsal"
    ]


def test_requirements_of_an_environment_that_is_not_live_are_a_warning(tmp_path: Path) -> None:
    (said,) = warned(tmp_path, PROJECT + LIVE.replace("    live: true\n", ""))

    assert said.startswith("warning: cutover.yaml:15: environments.production: 'requires' has no effect")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("  dev:\n", "  de/v:\n", "environments: 'de/v' must be letters, digits, '-' and '_', not 'de/v'"),
        ("roles: {dba: [dana]}", "roles: [dba]", "environments.dev: 'roles' must be keys with values, not a list"),
        ("people: simulated", "people:", "environments.dev: key 'people' has no value"),
        ("people: simulated", "live: yes", "environments.dev: 'live' must be true or false, not 'yes'"),
        (
            "project: shop",
            "project: shop\nprefect: {port: -1}",
            "prefect: 'port' must be at least 0, not '-1'",
        ),
        (
            "project: shop",
            "project: shop\nprefect: {port: 70000}",
            "prefect: 'port' must be at most 65535, not '70000'",
        ),
    ],
)
def test_wrong_values(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert said in str(refused(tmp_path, PROJECT.replace(before, after)))


def test_an_environment_needs_databases(tmp_path: Path) -> None:
    text = "project: p\nenvironments:\n  dev:\n    databases: {}\n"

    assert str(refused(tmp_path, text)) == "cutover.yaml:4: environments.dev: 'databases' must not be empty"


def test_a_project_needs_environments(tmp_path: Path) -> None:
    assert str(refused(tmp_path, "project: p\n")) == "cutover.yaml:1: key 'environments' is missing"


ROLES = "project: shop\nroles: {dba: runs the databases, lead: leads the night}\n"


def test_a_project_may_say_what_its_roles_are_for(tmp_path: Path) -> None:
    made = project(tmp_path, PROJECT.replace("project: shop\n", ROLES))

    assert made.roles == {"dba": "runs the databases", "lead": "leads the night"}


def test_then_an_environment_names_no_others(tmp_path: Path) -> None:
    error = refused(tmp_path, PROJECT.replace("project: shop\n", ROLES).replace("dba: [dana]", "dab: [dana]"))

    assert str(error) == "cutover.yaml:9: environments.dev.roles: role 'dab' is not among the project's roles"
    assert error.hint == "did you mean 'dba'? known roles: dba, lead"


def test_case_52_values_of_variables_are_text(tmp_path: Path) -> None:
    text = PROJECT + "    variables: {at: 22:00, version: 1.10, quiet: no}\n"

    assert project(tmp_path, text).environments["dev"].variables == {"at": "22:00", "version": "1.10", "quiet": "no"}
    said = str(refused(tmp_path, PROJECT + "    variables: {At: x}\n"))
    assert "environments.dev.variables: 'At' must be small letters, digits and '_'" in said
