"""A run belongs to the databases, the files and the people that it was made with, whatever is edited meanwhile."""

from __future__ import annotations

import shutil

from tests.fixtures.shop import Shop

RUNBOOK = "runbooks/one_shot.yaml"


def rehearsed(shop: Shop) -> None:
    ran = shop.cutover("rehearse", RUNBOOK, "--env", "dev")
    assert ran.status == 0, ran.out + ran.err


def test_a_rollback_is_refused_where_the_environment_leads_elsewhere(shop: Shop) -> None:
    """An empty database elsewhere would look like a success."""
    rehearsed(shop)
    shop.edit("cutover.yaml", f'/{shop.databases["dev"]}"', f'/{shop.databases["test"]}"')

    back = shop.cutover("rollback", "dev-1", "--reason", "again")

    assert back.status == 2
    assert shop.databases["dev"] in back.err and shop.databases["test"] in back.err
    assert shop.new("dev", 'SELECT count(*) FROM "order"') == [(1995,)]


def test_another_connection_file_is_refused(shop: Shop) -> None:
    rehearsed(shop)
    (shop.root / "dev/other.json").write_text('{"default": "old"}\n')
    shop.edit("cutover.yaml", "application: dev/application.json", "application: dev/other.json")

    assert shop.cutover("rollback", "dev-1", "--reason", "again").status == 2


def test_the_rows_of_a_run_of_the_same_name_are_not_ours(shop: Shop) -> None:
    """Another clone, or a journal that was lost: its first run is dev-1, too."""
    rehearsed(shop)
    shutil.rmtree(shop.root / ".cutover")

    again = shop.cutover("rehearse", RUNBOOK, "--env", "dev")

    assert again.status != 0
    assert shop.new("dev", 'SELECT count(*) FROM "order"') == [(1995,)]


def test_a_copy_of_files_from_a_lost_journal_is_not_used(shop: Shop) -> None:
    rehearsed(shop)
    assert shop.cutover("rollback", "dev-1", "--reason", "again").status == 0
    for kept in (shop.root / ".cutover").glob("journal.db*"):
        shutil.rmtree(kept) if kept.is_dir() else kept.unlink()
    shop.edit(RUNBOOK, "May the shop go live?", "May it go live?")

    rehearsed(shop)

    assert shop.cutover("rollback", "dev-1", "--reason", "again").status == 0


def test_who_may_vote_does_not_change_under_a_run(shop: Shop) -> None:
    shop.rehearse_all()
    shop.cutover("go-live", RUNBOOK, "--env", "production")
    shop.edit("cutover.yaml", "owner: [olivia, oscar]", "owner: [mallory]")

    vote = shop.cutover("approve", "production-1", "go-no-go", "--go", "--reason", "yes", "--as", "mallory")

    assert vote.status == 2
    assert "mallory" in vote.err


def test_case_58_a_password_that_names_a_part_of_the_run_is_refused_before_there_is_a_run(shop: Shop) -> None:
    """The journal masks passwords, and a run in the environment `***` could never be found again."""
    with_role = "CREATE ROLE word LOGIN SUPERUSER PASSWORD 'test'"
    shop.new("test", with_role)
    try:
        shop.environ["SHOP_PASSWORD"] = "test"  # type: ignore[index]
        shop.edit("cutover.yaml", "//cutover@", "//word@")

        ran = shop.cutover("rehearse", RUNBOOK, "--env", "test")

        assert ran.status == 2
        assert "'environment'" in ran.err
        assert shop.cutover("status", "--json").json["runs"] == []
    finally:
        shop.new("test", "DROP ROLE word")
