"""A connector joins by its folder and one line: settings, sign-in, limits and doctor know it from its description alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import templates
from house import ROOT, rooms

DESCRIPTION = '''\
"""Ledgerly, which nobody has: books in a file, behind a password."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from accounting.description import Connector, Opened, Premises
from accounting.tables import BooksTable, Name
from receivables.errors import AccessLost
from receivables.limits import DAY, MINUTE, Limit
from receivables.ports import BooksTraits


class LedgerlySettings(BooksTable):
    kind: Literal["ledgerly"]
    shelf: Name = Field(description="Write the name of a shelf, in double quotes")

    @property
    def organisation(self) -> str:
        return self.shelf


class Password:
    def __init__(self, given: str) -> None:
        self._given = given

    def authorization(self) -> str:
        if self._given != "open sesame":
            raise AccessLost("Ledgerly does not accept the password.")
        return self._given

    def refused(self, authorization: str) -> None: ...


def _access(books: LedgerlySettings, premises: Premises) -> Password:
    return Password(premises.secret("ledgerly_password", "it is the password of the shelf"))


def _open(books: LedgerlySettings, premises: Premises) -> Opened:
    from accounting.embedded.connector import EmbeddedBooks
    from accounting.embedded.ledger import Ledger

    return Opened(EmbeddedBooks(Ledger(Path(books.shelf), premises.clock), premises.clock))


CONNECTOR = Connector(
    table=LedgerlySettings,
    traits=BooksTraits(package="Ledgerly", orders_per_dispatch=3, settle_seconds=1.0),
    unapplying="done by tearing out a page",
    open=_open,
    access=_access,
    limits=lambda _: (Limit("day", 200, DAY, 60 * MINUTE, block=5),),
    secrets={"password": "ledgerly_password"},
)
'''
PLAYED = '''\
import json
from pathlib import Path

from app.connecting import connect_by_password
from app.doctor import examine
from app.settings import load_settings
from app.wiring import open_house
from receivables.errors import ReceivablesError

BEGINNING = """[[company]]
id = "acme"
name = "Acme Networks"
time_zone = "America/Chicago"
start_on = 2026-01-01
[company.books]
kind = "ledgerly"
"""
CONFIG = Path("resolve-now.toml")


def said(ask):
    try:
        return ask()
    except ReceivablesError as error:
        return error.message


def connected(password):
    house = open_house(CONFIG, {"RESOLVE_NOW_LEDGERLY_PASSWORD": password})
    return said(lambda: connect_by_password(house, house.settings.company(None)))


CONFIG.write_text(BEGINNING + "shelf = 5\\npassword = 'x'")
wrong = said(lambda: load_settings(CONFIG, {}))
CONFIG.write_text(BEGINNING + 'shelf = "shelf.sqlite"')
found = examine(CONFIG, None, {"RESOLVE_NOW_LEDGERLY_PASSWORD": "open sesame"})
answers = {"wrong": wrong, "refused": connected("x"), "connected": connected("open sesame")}
print(json.dumps(answers | {finding.check: finding.text for finding in found}))
'''


def test_a_folder_and_one_line_are_all_that_a_connector_needs(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "accounting", tmp_path / "accounting", ignore=shutil.ignore_patterns("__pycache__"))
    for room in rooms() - {"accounting"}:
        (tmp_path / room).symlink_to(ROOT / room)
    templates.new_database(tmp_path)
    (tmp_path / "accounting" / "ledgerly").mkdir()
    (tmp_path / "accounting" / "ledgerly" / "description.py").write_text(DESCRIPTION)
    registry = tmp_path / "accounting" / "registry.py"
    registry.write_text(registry.read_text().replace('    "tryton",\n', '    "tryton",\n    "ledgerly",\n'))

    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", PLAYED], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (0, "") == (ran.returncode, ran.stderr)
    found = json.loads(ran.stdout)

    assert "Write the name of a shelf, in double quotes" in found["wrong"]
    assert "set RESOLVE_NOW_LEDGERLY_PASSWORD or" in found["wrong"]
    assert ("Ledgerly does not accept the password.", True) == (found["refused"], found["connected"])
    assert ("Ledgerly accepts our login and password.", "200 of 200 calls left this day.") == (found["access"], found["calls"])
    assert found["unapplying"].endswith("; done by tearing out a page.")
