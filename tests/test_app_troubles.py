"""A database that is locked, full, read-only, missing or away is one line and an exit code, whatever the command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pysqlite3.dbapi2 as sqlite
import pytest
from command_line import CHECKOUT, CommandLine, copied, load_books, write_settings
from private_postgres import HOW_TO_GET_IT, Cluster
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner, Result

from app import main
from storage import engine
from storage.troubles import trouble_of

#: Every command that opens our database, with enough words to do its work.
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("sync",), ("sync", "--dry-run"), ("failures",), ("show", "TXN-1"), ("search", "Hooli"),
    ("hide", "TXN-1"), ("unhide", "TXN-1"),
    ("decide", "TXN-1", "retry", "--as", "dana"), ("reopen", "TXN-1", "--as", "dana"), ("explain", "TXN-1"), ("aliases",),
    ("import", "more.csv"), ("reconcile",), ("audit", "verify"), ("audit", "export"), ("doctor",), ("migrate",),
)  # fmt: skip
NOBODY = 65_534


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A company with one payment imported."""
    made = write_settings(tmp_path_factory.mktemp("troubles"))
    load_books(made, {"H": "Hooli"}, [("1001", "Hooli", "1.00")])
    made.payments_file([("TXN-2", "Hooli", "1.00", "1001:1.00")], "more.csv")
    made.take_in(("TXN-1", "Hooli", "1.00", "1001:1.00"))
    return made


@pytest.fixture
def acme(original: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A copy of it, and nobody who waits long."""
    made = copied(original, tmp_path)
    monkeypatch.setattr(engine, "WORK_SECONDS", 0.05)
    monkeypatch.setattr(engine, "ACKNOWLEDGE_SECONDS", 0.05)
    monkeypatch.chdir(made.folder)
    return made


def run(at: CommandLine, words: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Result:
    """The whole program in this process: `main`, not only the command."""
    monkeypatch.setattr(sys, "argv", ["resolve-now", "--config", str(at.config), *words])
    with pytest.raises(SystemExit) as ended:
        main.main()
    said = capsys.readouterr()
    code = ended.value.code if isinstance(ended.value.code, int) else 0
    result = Result(CliRunner(), said.out.encode(), said.err.encode(), b"", None, code, None)
    assert "Traceback" not in said.out + said.err
    return result


def is_one_line(result: Result, code: int, words: str) -> bool:
    lines = result.stderr.strip().split("\n")
    return (code, 1, True) == (result.exit_code, len(lines), words in lines[0])


@contextmanager
def held(file: Path) -> Iterator[None]:
    other = sqlite.connect(str(file), isolation_level=None)  # locks hold within a process only for one library
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_locked_database_is_one_line_for_whoever_writes_and_nothing_for_whoever_reads(
    words: tuple[str, ...], acme: CommandLine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with held(acme.database):
        ran = run(acme, words, capsys, monkeypatch)
    reads = "in use by another process" not in ran.stderr + ran.stdout
    assert reads or words[0] == "doctor" or is_one_line(ran, 1, "in use by another process")
    assert words[0] not in ("sync", "hide", "import", "migrate") or "--dry-run" in words or not reads


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_what_is_no_database_is_one_line(
    words: tuple[str, ...], acme: CommandLine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for beside in acme.folder.glob("resolve-now.sqlite-*"):
        beside.unlink()
    acme.database.write_bytes(b"this is no database" * 300)
    ran = run(acme, words, capsys, monkeypatch)
    assert "is no database" in ran.stderr + ran.stdout
    assert words[0] == "doctor" or is_one_line(ran, 2, "is no database")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_missing_folder_is_one_line(
    words: tuple[str, ...], acme: CommandLine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = acme.config.read_text()
    acme.config.write_text('[database]\nurl = "sqlite:///nowhere/resolve-now.sqlite"\n' + text)
    ran = run(acme, words, capsys, monkeypatch)
    assert "does not exist" in ran.stderr + ran.stdout
    assert words[0] == "doctor" or is_one_line(ran, 2, "does not exist")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_server_that_is_away_is_one_line(
    words: tuple[str, ...], acme: CommandLine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESOLVE_NOW_DATABASE_URL", "postgresql://somebody:very-secret@127.0.0.1:1/nothing")
    ran = run(acme, words, capsys, monkeypatch)
    assert "very-secret" not in ran.stderr + ran.stdout
    assert "server does not answer" in ran.stderr + ran.stdout
    assert words[0] == "doctor" or is_one_line(ran, 1, "server does not answer")


CHILD = """
import os, resource, signal, sys
import app.main, app.commands.payments, app.doctor, storage.migrating, storage.troubles, sync.journey, sync.preview
from accounting.embedded import connector, ledger
exec(sys.argv.pop(1))
app.main.main()
"""


def ran_as(acme: CommandLine, first: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A command in a process that does something to itself first."""
    program = [sys.executable, "-c", CHILD, first, "--config", str(acme.config), *words]
    given = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    return subprocess.run(program, cwd=acme.folder, env=given, capture_output=True, text=True, check=False, timeout=120)


def test_a_full_disk_is_one_line_and_the_payments_are_still_to_do(acme: CommandLine) -> None:
    """No file of the process may grow: what a disk without room does, as far as SQLite sees it."""
    room = acme.database.stat().st_size
    first = f"signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (4096, {room}))"
    ran = ran_as(acme, first, "import", "more.csv")
    assert (1, "", 1) == (ran.returncode, ran.stdout, len(ran.stderr.strip().split("\n"))), ran.stderr
    assert "no room left" in ran.stderr or "disk of the database is full" in ran.stderr
    assert [("TXN-1",)] == acme.rows("SELECT transaction_number FROM payment")


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become somebody else: run as root")
def test_a_database_that_may_not_be_written_is_one_line(acme: CommandLine) -> None:
    _let_nobody_in(acme.folder)
    for file in acme.folder.iterdir():
        file.chmod(0o444)
    acme.folder.chmod(0o555)
    ran = ran_as(acme, f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})", "hide", "TXN-1")
    assert (2, "", 1) == (ran.returncode, ran.stdout, len(ran.stderr.strip().split("\n"))), ran.stderr
    assert "write" in ran.stderr


def _let_nobody_in(folder: Path) -> None:
    for above in (folder, *folder.parents):
        if above.stat().st_mode & 0o005 != 0o005:
            above.chmod(above.stat().st_mode | 0o005)


def test_sqlite_itself_says_full(tmp_path: Path) -> None:
    connection = sqlite.connect(str(tmp_path / "small"), isolation_level=None)
    connection.execute("CREATE TABLE note (text)")
    connection.execute("PRAGMA max_page_count = 3")
    with pytest.raises(sqlite.OperationalError) as full:
        connection.executemany("INSERT INTO note VALUES (?)", [("x" * 4000,)] * 10)
    connection.close()
    found = trouble_of(OperationalError("INSERT", {}, full.value))
    assert found is not None
    assert (True, True) == ("disk of the database is full" in found.message, found.passes)


def test_too_many_connections_are_one_line(postgres: Cluster | None) -> None:
    if postgres is None:
        pytest.skip(HOW_TO_GET_IT)
    with postgres.cloned("migrated") as url:
        with psycopg.connect(url, autocommit=True) as admin:
            if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = 'ordinary'").fetchone():
                admin.execute("CREATE ROLE ordinary LOGIN")
            admin.execute(f'ALTER DATABASE "{admin.info.dbname}" CONNECTION LIMIT 0'.encode())
        with pytest.raises(psycopg.OperationalError) as refused:  # superusers are never refused
            psycopg.connect(url, user="ordinary")
    found = trouble_of(refused.value)
    assert found is not None
    assert "accepts no more connections" in found.message


def test_a_mistake_of_ours_is_never_said_to_be_the_database() -> None:
    assert None is trouble_of(ValueError("no"))
    assert None is trouble_of(sqlite.IntegrityError("UNIQUE constraint failed"))
    assert None is trouble_of(psycopg.errors.UndefinedTable("no table"))
