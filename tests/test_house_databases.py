"""The tests' own databases: migrated, empty, one for each test, and nothing left running."""

from __future__ import annotations

import os

import private_postgres
import pytest
import sqlalchemy as sa
from private_postgres import PostgresMissing

from storage.engine import Database
from storage.migrating import newest


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_gets_a_migrated_database_that_nobody_has_written_to(database_url: str, turn: str) -> None:
    database = Database(database_url)
    with database.work() as connection:
        assert newest() == connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one()
        assert not sa.inspect(connection).has_table("note")
        connection.execute(sa.text("CREATE TABLE note (text TEXT)"))
    database.close()


def test_the_private_postgresql_opens_no_port_and_leaves_no_process_and_no_file() -> None:
    try:
        with private_postgres.running() as cluster:
            cluster.create("ours")
            database = Database(cluster.url("ours"))
            with database.read() as connection:
                assert "" == connection.execute(sa.text("SHOW listen_addresses")).scalar_one()
            process = cluster.server.pid
            assert cluster.folder.is_dir()  # and the connection is still in the pool: ending does not wait for it
    except PostgresMissing as missing:
        pytest.skip(str(missing))
    assert 0 == cluster.server.returncode
    assert not cluster.folder.parent.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    database.close()
