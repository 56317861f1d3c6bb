"""The whole life of a cutover through the command line: rehearsals, refusal, gates, go-live, rollback."""

from __future__ import annotations

import json

import pytest

from tests.fixtures.shop import Shop

RUNBOOK = "runbooks/one_shot.yaml"


def test_a_rehearsal_moves_every_row_and_says_so(shop: Shop) -> None:
    ran = shop.cutover("rehearse", RUNBOOK, "--env", "dev")

    assert ran.status == 0, ran.out + ran.err
    assert shop.new("dev", 'SELECT count(*) FROM "order"') == [(1995,)]
    assert shop.new("dev", "SELECT count(*), count(email) FROM customer") == [(300, 290)]
    assert "dev-1: completed" in ran.out


def test_the_identity_balances_and_names_what_stayed_behind(shop: Shop) -> None:
    shop.cutover("rehearse", RUNBOOK, "--env", "dev")

    tables = {table["table"]: table for table in shop.cutover("report", "dev-1", "--json").json["tables"]}
    order = tables["order"]
    assert (order["extracted"], order["loaded"], order["quarantined"], order["excluded"]) == (2000, 1995, 2, 3)
    assert order["balanced"] is True
    assert tables["customer"]["nulled"] == 10


def test_amounts_arrive_to_the_cent(shop: Shop) -> None:
    shop.cutover("rehearse", RUNBOOK, "--env", "dev")

    here = {(order, str(amount)) for order, amount in shop.new("dev", 'SELECT order_id, amount FROM "order"')}
    there = set(
        shop.old("dev", "SELECT id, printf('%.2f', amount) FROM orders WHERE amount >= 0 AND customer <> 'C99999'")
    )
    assert here == there


def test_the_next_insert_does_not_collide(shop: Shop) -> None:
    """The identity column continues after the ids that came with the data."""
    shop.cutover("rehearse", RUNBOOK, "--env", "dev")

    made = shop.new(
        "dev",
        'INSERT INTO "order" (customer, placed_on, amount, state, country) '
        "VALUES ('C00001', '2026-12-01', 1, 'new', 'fr')"
        " RETURNING order_id",
    )
    assert made == [(2001,)]


def test_going_live_without_a_rehearsal_is_refused(shop: Shop) -> None:
    ran = shop.cutover("go-live", RUNBOOK, "--env", "production")

    assert ran.status == 4
    assert "dev" in ran.err and "test" in ran.err and "next:" in ran.err
    assert shop.new("production", "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'") == [
        (0,)
    ]


def test_a_change_after_the_rehearsals_closes_the_way_to_production(shop: Shop) -> None:
    shop.rehearse_all()
    shop.edit("migrations/shop.yaml", "chunk_rows: 400", "chunk_rows: 401")

    ran = shop.cutover("go-live", RUNBOOK, "--env", "production")

    assert ran.status == 4
    assert "migrations/shop.yaml" in ran.err


def test_case_57_a_comment_does_not_close_it(shop: Shop) -> None:
    shop.rehearse_all()
    shop.edit("migrations/shop.yaml", "migration: shop", "# moved by the shop team\nmigration: shop")

    ran = shop.cutover("go-live", RUNBOOK, "--env", "production")

    assert ran.status == 5, ran.out + ran.err


def test_the_night_itself(shop: Shop) -> None:
    """Gate, vote, resume, manual step, resume: no process lives while people think."""
    shop.rehearse_all()

    first = shop.cutover("go-live", RUNBOOK, "--env", "production")
    assert first.status == 5 and "cutover approve production-1 go-no-go" in first.out
    vote = shop.cutover("approve", "production-1", "go-no-go", "--go", "--reason", "totals agree", "--as", "olivia")
    assert vote.status == 0, vote.err
    second = shop.cutover("resume", "production-1")
    assert second.status == 5 and "open-to-users" in second.out
    shop.cutover("approve", "production-1", "open-to-users", "--go", "--reason", "shop is open", "--as", "dana")
    last = shop.cutover("resume", "production-1")

    assert last.status == 0, last.out + last.err
    assert json.loads((shop.root / "production/application.json").read_text())["default"] == "new"
    assert shop.new("production", 'SELECT count(*) FROM "order"') == [(1995,)]


def test_a_veto_closes_the_gate_and_changes_nothing_more(shop: Shop) -> None:
    shop.rehearse_all()
    shop.cutover("go-live", RUNBOOK, "--env", "production")
    shop.cutover("approve", "production-1", "go-no-go", "--no-go", "--reason", "phones are down", "--as", "olivia")

    ran = shop.cutover("resume", "production-1")

    assert ran.status == 4
    assert json.loads((shop.root / "production/application.json").read_text())["default"] == "old"


def test_a_planted_fault_is_caught_by_reconciliation_and_rolled_back(shop: Shop) -> None:
    """A trigger in the new system changes one amount; the count stays right and every constraint holds."""
    shop.rehearse_all()
    shop.new("production", FAULT)
    before = shop.cutover("status", "--json").json
    assert before["runs"]

    ran = shop.cutover("go-live", RUNBOOK, "--env", "production")

    assert ran.status == 8, ran.out + ran.err
    assert "reconcile-all" in ran.out
    assert shop.new("production", "SELECT to_regclass('customer') IS NULL") == [(True,)]
    assert json.loads((shop.root / "production/application.json").read_text())["default"] == "old"
    proof = shop.cutover("report", "production-1", "--json").json["proof"]
    assert proof["before"] == proof["after"] and proof["before"]


FAULT = """
CREATE FUNCTION plant() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_regclass('public.order') IS NOT NULL AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'fault') THEN
    CREATE TRIGGER fault BEFORE INSERT ON public."order" FOR EACH ROW EXECUTE FUNCTION public.fault();
  END IF;
END $$;
CREATE FUNCTION public.fault() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
  IF NEW.order_id = 1000 THEN NEW.amount := NEW.amount + 0.01; END IF;
  RETURN NEW;
END $f$;
CREATE EVENT TRIGGER plant ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION plant();
"""


def test_the_difference_is_named_by_key_and_value(shop: Shop) -> None:
    shop.new("dev", FAULT)

    shop.cutover("rehearse", RUNBOOK, "--env", "dev")

    findings = shop.cutover("report", "dev-1", "--json").json["findings"]
    samples = json.dumps(findings)
    assert '"1000"' in samples and "amount" in samples


def test_a_drill_goes_forward_and_all_the_way_back(shop: Shop) -> None:
    ran = shop.cutover("rehearse", RUNBOOK, "--env", "test", "--drill")

    assert ran.status == 0, ran.out + ran.err
    assert "test-1: rolled back" in ran.out
    assert shop.new("test", "SELECT to_regclass('customer') IS NULL") == [(True,)]


def test_a_failing_smoke_test_rolls_the_switch_back(shop: Shop) -> None:
    shop.edit("runbooks/one_shot.yaml", 'count(*) > 0 FROM "order"', 'count(*) > 99999 FROM "order"')

    ran = shop.cutover("rehearse", RUNBOOK, "--env", "dev")

    assert ran.status == 8
    assert (shop.root / "dev/application.json").read_text() == '{"default": "old"}\n'


def test_a_finished_rehearsal_can_be_put_back_and_rehearsed_again(shop: Shop) -> None:
    shop.cutover("rehearse", RUNBOOK, "--env", "dev")

    back = shop.cutover("rollback", "dev-1", "--reason", "the next rehearsal needs the ground")
    again = shop.cutover("rehearse", RUNBOOK, "--env", "dev")

    assert back.status == 0, back.out + back.err
    assert again.status == 0, again.out + again.err


def test_wave_by_wave_the_cumulative_identity_holds(shop: Shop) -> None:
    ran = shop.cutover("rehearse", "runbooks/phased.yaml", "--env", "dev")

    assert ran.status == 0, ran.out + ran.err
    assert shop.new("dev", 'SELECT count(*) FROM "order"') == [(1995,)]
    waves = shop.cutover("report", "dev-1", "--json").json["waves"]
    orders = [wave for wave in waves if wave["table"] == "order"]
    assert [wave["balanced"] for wave in orders] == [True, True, True]
    assert [wave["remainder"] for wave in orders][-1] == 0
    assert json.loads((shop.root / "dev/application.json").read_text())["waves"] == {
        "de": "new",
        "fr": "new",
        "it": "new",
    }


@pytest.mark.parametrize("command", [("status",), ("status", "dev-1"), ("report", "dev-1")])
def test_a_machine_can_read_it(shop: Shop, command: tuple[str, ...]) -> None:
    shop.cutover("rehearse", RUNBOOK, "--env", "dev")

    assert shop.cutover(*command, "--json").json


def test_a_row_that_users_wrote_meanwhile_does_not_close_the_environment_for_ever(shop: Shop) -> None:
    shop.rehearse_all()
    shop.cutover("go-live", RUNBOOK, "--env", "production")
    shop.old("production", "INSERT INTO customers VALUES ('C00999', 'New', 'new@example.org', 'de')")

    stuck = shop.cutover("rollback", "production-1", "--reason", "postponed")
    ended = shop.cutover("rollback", "production-1", "--accept-differences", "--reason", "the old desk was open")

    assert stuck.status == 9 and "old.customers" in stuck.out
    assert ended.status == 0, ended.out + ended.err
    assert "not proved" in ended.out
    assert shop.cutover("report", "production-1", "--json").json["rollback"]["differences"] == ["old.customers"]
    assert shop.cutover("go-live", RUNBOOK, "--env", "production").status in (5, 8)
