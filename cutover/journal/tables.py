"""The journal's tables, as the statements of this package name them. How they are made: `versions/`."""

from __future__ import annotations

import sqlalchemy as sa


def _table(name: str, columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in columns.split()))


VERSION = _table("cutover_journal", "version made_at made_by project")  # `project` in PostgreSQL only
REVISION = _table("cutover_journal_revision", "version_num")  # written by Alembic
COUNTER = _table("counter", "name value")
RUN = _table("run", "run environment number created seq at digest")
EVENT = _table("event", "line run seq at kind step attempt data prev digest")
LEASE = _table("lease", "lock scope run holder token since released")
ROW = _table("quarantined_row", "run step table_name chunk number key_json values_json reasons_json")
SUMMARY = _table("summary", "run digest made_by data")
AMENDED = _table("amended_value", "run step table_name chunk number key_json column_name before_json reason")

#: Counters: how many lines the journal has; how many leases were ever given.
LINES = "lines"
TOKENS = "tokens"

# What every event needs, put together once: building a statement takes longer than SQLite takes to carry it out.
ALL_RUNS = sa.select(RUN).order_by(RUN.c.created)
ONE_RUN = sa.select(RUN).where(RUN.c.run == sa.bindparam("of_run"))
MOVE_HEAD = (
    sa.update(RUN)
    .where(RUN.c.run == sa.bindparam("of_run"))
    .values(seq=sa.bindparam("to_seq"), at=sa.bindparam("to_at"), digest=sa.bindparam("to_digest"))
)
ADD_EVENT = sa.insert(EVENT)
COUNTED = sa.select(COUNTER.c.value).where(COUNTER.c.name == sa.bindparam("counter"))
#: The same, and nobody else counts on before the transaction ends; SQLite has one writer anyway.
COUNTED_ALONE = COUNTED.with_for_update()
COUNT_ONE = sa.update(COUNTER).where(COUNTER.c.name == sa.bindparam("counter")).values(value=COUNTER.c.value + 1)
