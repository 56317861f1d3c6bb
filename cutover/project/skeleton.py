"""
The smallest project that lints clean, with a comment on everything: what `cutover init --empty` writes.

Texts only. One table goes from an old system to a new one, both SQLite until somebody writes another URL; the
files in `flows/` come from the reference project.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")

_PROJECT = """\
# Which databases there are, who is asked, and what must be rehearsed. All keys: docs/project.md
# `cutover lint` reads every file of this folder, and says what is wrong or forgotten.

project: PROJECT
# prefect: {use: required}          # default: best-effort, a run goes on when Prefect cannot be had; or "off"

environments:
  test:                             # a run is named after its environment: test-1, test-2
    databases:                      # called the same in every environment
      old: sqlite:///test/old.db    # a file that must be there; `touch` makes an empty one
      new: sqlite:///test/new.db
      # new: {url: "postgresql+psycopg://user@host:5432/name", password: "env:NEW_PASSWORD"}
    application: test/application.json      # which database the application uses, as {"default": "old"}
    people: simulated               # nobody is asked, and the evidence says so

  production:
    live: true                      # `cutover go-live` goes only here, `cutover rehearse` never does
    databases:
      old: sqlite:///production/old.db
      new: sqlite:///production/new.db
    application: production/application.json
    people: required
    roles: {cutover lead: [ana], business owner: [eve], dba: [dan]}     # names of accounts of this system
    # declared_names: true          # believe `cutover approve --as NAME`: several people vote under one account
    # votes: declared               # else votes are signed: one line per SSH key in the file allowed_signers
    requires:                       # else production stays closed
      - {environment: test, at_least: 1, within: 21 d, rollback_rehearsed: true, restore_proved: true}
"""

_MIGRATION = """\
# How rows of the old system become rows of the new one. All keys: docs/migrations.md
# Only tables and columns that stand here are moved and compared: begin with a list of the old system's tables.

migration: PROJECT
from: old
to: new
tables:                             # parents before children
  - table: customer                 # in the new system
    source: customers               # in the old one
    key: {source: id, target: customer_id}
    validator: PROJECT.py:Customer
    # chunk_rows: 50000             # rows that are in memory at once
    columns:
      customer_id: id               # a column as it is
      name: {sql: "trim(name)"}     # SQL of the old system
      email: {from: email, null_when: "email = ''", reason: the old form did not ask for it, at_most: 1000}
    # exclude:                      # rows that stay behind, with a signature
    #   - {id: X-1, when: "name IS NULL", reason: test data, signed_by: eve, signed_on: 2026-11-20, at_most: 5}
    # quarantine: {at_most: 10}     # default 0: any bad row fails the copy
    totals:                         # the same figure by the SQL of both sides
      - total: customers by the first letter of their name
        by: {letter: {source: "substr(trim(name), 1, 1)", target: "substr(name, 1, 1)"}}
        measures: {customers: {source: "count(*)", target: "count(*)"}}
"""

_SCHEMA = """\
-- The tables of the new system. A script runs in one transaction, exactly once.
CREATE TABLE customer (
    customer_id bigint PRIMARY KEY,
    name varchar(80) NOT NULL,
    email text
);
"""

_DROP_SCHEMA = """\
-- Takes away what schema.sql makes: a step before the point of no return needs its way back.
DROP TABLE customer;
"""

_VALIDATOR = '''\
"""What a good row is, table by table; bad ones go to quarantine with all their reasons. More: docs/validators.md"""

import pandera.polars as pa
import polars as pl


class Customer(pa.DataFrameModel):
    customer_id: pl.Int64 = pa.Field(ge=1)
    name: str = pa.Field(str_length={"min_value": 1, "max_value": 80})
    email: str = pa.Field(nullable=True, str_matches=r"^(?:[^@]+@[^@]+)$")

    class Config:
        strict = True  # no columns but these
        unique = ["customer_id"]
'''

_RUNBOOK = """\
# What happens, and in which order. All keys and kinds of steps: docs/runbooks.md
# `cutover read runbooks/go.yaml` says it as sentences, `cutover plan runbooks/go.yaml --env test` what it would do now.

runbook: PROJECT goes live
strategy: one-shot
owner: cutover lead

phases:
  - phase: Prepare
    steps:
      - step: create-schema
        sql: {in: new, file: migrations/schema.sql, undo: migrations/drop_schema.sql}
        by: dba
      - step: back-up-old
        backup: {database: old}
        by: dba
      - step: prove-backup          # a backup counts when it was restored and compared
        restore_check: {backup: back-up-old}
        by: dba

  - phase: Move and prove
    steps:
      - step: copy-all
        copy: {tables: [customer]}
        by: dba
        expect: 1 min               # until a rehearsal says it better
      - step: validate-all
        validate: {tables: [customer]}
      - step: reconcile-all
        reconcile: {tables: [customer]}

  - phase: Go live
    steps:
      - step: go-no-go
        approve: {by: [business owner, dba], needs: 2, question: Shall the new system take over?}
      - step: switch-to-new
        switch: {to: new}
      - step: smoke-test
        smoke: {checks: [{says: the new system answers, sql: "SELECT count(*) >= 0 FROM customer", expect: "1"}]}
      - step: open
        manual: {do: Open the new system to its users, role: cutover lead}
        point_of_no_return: true    # once it has begun nothing is rolled back
        if_it_fails: stop
"""


def name_of(folder: str) -> str:
    """What the project in a folder of that name is called; `project` when the name would not do as one."""
    return folder if _NAME.fullmatch(folder) else "project"


def skeleton(name: str) -> Mapping[str, str]:
    """Path in the project -> its text, without `flows/`; `name` is of letters, digits, `-` and `_`."""
    texts = {
        "cutover.yaml": _PROJECT,
        f"migrations/{name}.yaml": _MIGRATION,
        "migrations/schema.sql": _SCHEMA,
        "migrations/drop_schema.sql": _DROP_SCHEMA,
        f"validators/{name}.py": _VALIDATOR,
        "runbooks/go.yaml": _RUNBOOK,
    }
    return {path: text.replace("PROJECT", name) for path, text in texts.items()}
