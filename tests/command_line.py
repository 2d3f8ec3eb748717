"""A finance team at its command line: a folder with settings and books, and `resolve-now` as a real child process."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite
import templates
import warm

CHECKOUT = Path(__file__).parent.parent
PATIENCE_SECONDS = 60.0  # a command takes one or two; more means that it hangs

COMPANY = """\
[[company]]
id = "{id}"
name = "{name}"
time_zone = "America/Chicago"
start_on = 2026-01-01
writes = "{writes}"
sync_every_minutes = 1
small_credits = {{ USD = "10000.00" }}
[company.books]
kind = "embedded"
file = "{id}-books.sqlite"
temper = "{temper}"
"""
#: What Dana may decide alone up to 10,000.00 and Sam up to 100.00.
PEOPLE = """\
[[person]]
id = "dana"
name = "Dana Reyes"
{dana}
[[person]]
id = "sam"
name = "Sam Okafor"
{sam}
"""
MAY = """\
[[person.may]]
company = "acme"
remedies = [
    "unapply_credit_memo", "recreate_receipt", "dismiss", "not_duplicate", "match", "apply_receipt", "keep_on_account",
    "post_on_open_day", "retry"
]
limits = {{ USD = "{limit}" }}
"""
PAYMENT_COLUMNS = "transaction_number customer amount currency paid_at method invoices".split()
PAID_AT = "2026-03-03T10:00:00-06:00"
CREATED_AT = "2026-02-01T12:00:00Z"


TELL_OF_FAILURES = ("sync", "failures")


@dataclass(frozen=True)
class Ran:
    """How a command ended: its exit code, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class CommandLine:
    """One folder of work. Every command is a process of its own; `rows` look into a file without any code of ours."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "resolve-now.toml"

    @property
    def database(self) -> Path:
        return self.folder / "resolve-now.sqlite"

    @property
    def books_file(self) -> Path:
        return self.folder / "acme-books.sqlite"

    def words(self, *words: str) -> list[str]:
        """The whole command, for tests that start the process themselves."""
        return [sys.executable, "-m", "app.main", "--config", str(self.config), *words]

    def run(self, *words: str, environment: Mapping[str, str] | None = None) -> Ran:
        """Runs one command to its end. A decision is one on the facts as they are now, as a person would have seen them."""
        return run_process(self.words(*words, *seen(self.run, words)), environment or {})

    def answer(self, *words: str) -> Any:
        """The JSON of a command that must end well; `sync` and `failures` end with 1 where a payment failed."""
        return answered(words, self.run(*words, "--json"))

    def books(self, *words: str, by: str = "Bea Bookkeeper", at: str = "2026-03-05T09:00") -> Any:
        """What the bookkeeper does by hand, in the past unless told otherwise."""
        return self.answer("books", *words, "--by", by, *(["--at", at] if at else []))

    def payments_file(self, lines: Iterable[Sequence[str]], name: str = "payments.csv") -> Path:
        """A file of payments: lines of transaction number, customer, amount, invoices, and optionally what differs."""
        path = self.folder / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(PAYMENT_COLUMNS)
            for number, customer, amount, invoices, *other in lines:
                writer.writerow((number, customer, amount, "USD", other[0] if other else PAID_AT, "card", invoices))
        return path

    def take_in(self, *lines: Sequence[str], name: str = "payments.csv") -> Any:
        return self.answer("import", str(self.payments_file(lines, name)))

    def sync(self) -> Any:
        """The counts of one sync of the only company."""
        (counts,) = self.answer("sync")
        return counts

    def failing(self, number: str = "TXN-1") -> Any:
        """The open failure of a payment, or None."""
        return next((failure for failure in self.answer("failures") if failure["transaction"] == number), None)

    def ended(self, number: str = "TXN-1") -> Any:
        """The last failure of a payment, however it stands."""
        return [failure for failure in self.answer("failures", "--all") if failure["transaction"] == number][-1]

    def state(self, number: str = "TXN-1") -> str:
        return str(self.rows("SELECT state FROM payment WHERE transaction_number = ?", number)[0][0])

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What our own database holds, asked in plain SQL."""
        return read_rows(self.database, query, *values)

    def receipts(self) -> list[tuple[str, int, int]]:
        """(reference, amount, unapplied) of every living receipt in the books' own file, in minor units."""
        query = """SELECT reference, amount_minor, unapplied_minor FROM receipts JOIN documents USING (id)
                   WHERE deleted = 0 AND voided = 0 ORDER BY reference, id"""
        return read_rows(self.books_file, query)

    def unsettled(self) -> list[tuple[str, str]]:
        """Effects that are still on their way."""
        return self.rows(
            "SELECT transaction_number, state FROM effect WHERE state IN ('planned', 'sending', 'unknown', 'needs_person')"
        )


def seen(run: Callable[..., Ran], words: Sequence[str]) -> tuple[str, ...]:
    """The option that names the facts of a failure as they are shown now, where the command decides and does not say."""
    if words[0] != "decide" or len(words) < 2 or "--seen" in words:
        return ()
    listed = run("failures", "--json")
    shown = {failure["transaction"]: failure["evidence"] for failure in listed.json} if listed.code in (0, 1) else {}
    return ("--seen", shown[words[1]]) if words[1] in shown else ()


def run_process(words: Sequence[str], environment: Mapping[str, str]) -> Ran:
    """Runs a program of ours (`python -m MODULE ...` or `python FILE ...`) to its end, with a few variables more than ours."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        started = warm.Started(words, child_environment(environment), out, err)
        try:
            code = started.wait(PATIENCE_SECONDS)
        finally:
            started.kill()
        return Ran(code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))


def child_environment(more: Mapping[str, str]) -> dict[str, str]:
    """Our environment without what would reconfigure the product, and with the variables given."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("RESOLVE_NOW_")}
    return {**ours, "PYTHONPATH": str(CHECKOUT), **more}


def read_rows(file: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of an SQLite file, opened for reading only."""
    connection = sqlite.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return [tuple(row) for row in connection.execute(query, values).fetchall()]
    finally:
        connection.close()


def change_file(file: Path, *statements: str) -> None:
    """Changes an SQLite file behind everybody's back."""
    connection = sqlite.connect(str(file))
    try:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    finally:
        connection.close()


def write_settings(
    folder: Path, *, temper: str = "strict", writes: str = "on", people: bool = True, more: str = ""
) -> CommandLine:
    """A folder with settings and our tables, and nothing in the books yet."""
    templates.new_database(folder)
    company = COMPANY.format(id="acme", name="Acme Networks", writes=writes, temper=temper)
    persons = PEOPLE.format(dana=MAY.format(limit="10000.00"), sam=MAY.format(limit="100.00")) if people else ""
    (folder / "resolve-now.toml").write_text(company + more + persons, encoding="utf-8")
    return CommandLine(folder)


def load_books(at: CommandLine, customers: Mapping[str, str], invoices: Iterable[tuple[str, str, str]]) -> None:
    """Customers (id to name) and invoices (number, customer, amount), as entered on the first of February."""
    with (at.folder / "customers.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("customer_id", "name"), *customers.items()])
    with (at.folder / "invoices.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow("number customer amount currency issued_on created_at created_by".split())
        for number, customer, amount in invoices:
            rows.writerow((number, customer, amount, "USD", "2026-02-01", CREATED_AT, "Bea Bookkeeper"))
    for name in ("customers.csv", "invoices.csv"):
        at.books("load", str(at.folder / name), at=CREATED_AT)


def copied(original: CommandLine, folder: Path) -> CommandLine:
    """The same company in a folder of its own, so that a test may change it."""
    shutil.copytree(original.folder, folder / "acme")
    return CommandLine(folder / "acme")


def answered(words: Sequence[str], ran: Ran) -> Any:
    """The JSON of a command that ended well."""
    well = (0, 1) if words[0] in TELL_OF_FAILURES else (0,)
    assert (True, "") == (ran.code in well, ran.err), ran.out + ran.err
    return ran.json
