"""
Fingerprints of the whole world of a run: what the engine compares before the first effect and after a rollback.

Every table of every database that the runbook names, its schema, rights, comments, stored query answers and large
objects, and the bytes of the application's connection file. The bookkeeping of cutover itself is not part of the world.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from cutover.content import digest_bytes
from cutover.dataplane.database import Database
from cutover.dataplane.fingerprint import fingerprint_database
from cutover.model.project import Environment

ABSENT = "absent"


def fingerprint_world(environment: Environment, databases: Iterable[Database]) -> Mapping[str, str]:
    """
    `{"new.flight": "329174 rows 1f0c…", "application": "sha256:…"}`: equal exactly when nothing that counts differs.

    Databases are read side by side, each in one consistent read of its own.
    """
    opened = list(databases)
    world: dict[str, str] = {}
    with ThreadPoolExecutor(max_workers=max(1, len(opened)), thread_name_prefix="proof") as pool:
        for found in pool.map(_of_database, opened):
            world.update(found)
    if environment.application is not None:
        file = environment.application
        world["application"] = digest_bytes(file.read_bytes()) if file.exists() else ABSENT
    return world


def _of_database(database: Database) -> dict[str, str]:
    with database.connect() as connection:
        found = fingerprint_database(connection, database.dialect, whole=True)
    return {f"{database.name}.{table}": f"{print_.rows} rows {print_.digest}" for table, print_ in found.items()}
