"""A backup is taken while everything runs, holds whole moments, is nobody else's to read, and plays on where it was taken."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from command_line import CommandLine, load_books, write_settings

from receivables import private_files

PAYMENTS = 6


@pytest.fixture
def acme(tmp_path: Path) -> CommandLine:
    (tmp_path / "work").mkdir()
    made = write_settings(tmp_path / "work")
    load_books(made, {"H": "Hooli"}, [(str(1000 + n), "Hooli", f"{n}.00") for n in range(1, PAYMENTS + 1)])
    made.take_in(*[(f"TXN-{n}", "Hooli", f"{n}.00", f"{1000 + n}:{n}.00") for n in range(1, PAYMENTS + 1)])
    return made


def test_what_was_restored_goes_on(acme: CommandLine, tmp_path: Path) -> None:
    assert PAYMENTS == acme.sync()["verified"]
    told = acme.answer("backup", str(tmp_path / "kept"))
    assert {"resolve-now.sqlite", "acme-books.sqlite", "resolve-now.toml"} == {Path(item["file"]).name for item in told}
    restored = CommandLine(tmp_path / "kept")
    restored.sync()
    assert [0, 0] == [restored.run(word).code for word in ("migrate", "reconcile")]
    assert PAYMENTS == len(restored.receipts())


def test_an_older_backup_beside_newer_books_posts_nothing_twice(acme: CommandLine, tmp_path: Path) -> None:
    """Books outside are never restored: what they got after the backup is found there by our mark."""
    early = tmp_path / "early"
    assert 0 == acme.run("backup", str(early)).code
    acme.sync()
    (early / "resolve-now.sqlite").replace(acme.database)
    for beside in acme.folder.glob("resolve-now.sqlite-*"):
        beside.unlink()

    assert (PAYMENTS, 0) == ((counts := acme.sync())["verified"], counts["failed"])
    assert PAYMENTS == len(acme.receipts())
    proof = acme.run("reconcile", "--json")
    assert (0, []) == (proof.code, proof.json[0]["discrepancies"])


def test_a_backup_overwrites_nothing_and_leaves_no_doubt_which_file_is_whole(acme: CommandLine, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    assert 0 == acme.run("backup", str(kept)).code
    again = acme.run("backup", str(kept))
    assert (2, "", True) == (again.code, again.out, "overwrites nothing" in again.err)
    assert [] == list(kept.glob("*.partial"))


def test_what_is_made_is_nobody_elses_to_read_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        (tmp_path / "work").mkdir()
        acme = write_settings(tmp_path / "work")
        acme.database.unlink()
        acme.run("migrate")
        acme.books("customer", "Hooli")
        acme.run("backup", str(tmp_path / "deep" / "kept"))
    finally:
        os.umask(before)
    made = [acme.database, acme.books_file, *(tmp_path / "deep").rglob("*"), tmp_path / "deep"]
    assert {f"{path.name} {0o700 if path.is_dir() else 0o600:o}" for path in made} == {
        f"{path.name} {stat.S_IMODE(path.stat().st_mode):o}" for path in made
    }
    beside = list(acme.folder.glob("*.sqlite-*"))
    assert [] == [path.name for path in beside if private_files.open_to_others(path)]


def test_doctor_tells_of_files_that_others_may_read(acme: CommandLine) -> None:
    acme.database.chmod(0o644)
    acme.books_file.chmod(0o600)
    found = acme.run("doctor", "--json").json
    (told,) = [finding for finding in found if finding["check"] == "files"]
    assert ("warning", True, True) == (
        told["verdict"],
        str(acme.database) in told["remedy"],
        str(acme.books_file) not in told["remedy"],
    )
