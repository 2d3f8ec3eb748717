"""A company to practice on in a real Tryton: the server started, the company set up, everybody signed in.

Nothing is left running and no password outlives the play: they are made up for it, and are kept nowhere but in this
process (and, hashed, in the demo's own database).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import pysqlite3.dbapi2 as sqlite

from app.clock import RandomIds, SystemClock
from app.demo import company
from app.demo.bookkeeper import Practice, Say
from app.demo.company import BOOKKEEPER, COMPANY, Days
from app.demo.tryton import server
from app.demo.tryton.bookkeeper import TrytonBookkeeper
from app.demo.tryton.by_hand import ByHand
from app.demo.tryton.company import ADMIN_LOGIN, Plan, set_up
from app.demo.tryton.server import MODULES, TrytonProgram
from app.demo.tryton.signed_in import Colleague
from app.secrets import variable_of
from receivables.errors import ConfigurationError

DATABASE = "acme"
OUR_LOGIN, BOOKKEEPER_LOGIN, AUDITOR_LOGIN = "resolve-now", "bea", "auditor"
JOURNAL = "Portal receipts"
BOOKS = """\
kind = "tryton"
url = "{url}"
database = "{database}"
login = "{login}"
statement_journal = "{journal}\""""
#: What was never changed has no moment of change, and nobody who did it.
_STAMPS = "create_date = ?, write_date = CASE WHEN write_date IS NULL THEN NULL ELSE ? END"
#: Waited at most for the server, which may be writing while stamps are set back.
BUSY_SECONDS = 30.0


@dataclass(frozen=True)
class TrytonPractice:
    """Opens the practice in a folder. `password` is everybody's.

    `empty` is a database with Tryton's modules and nothing else, where one was kept, made with this password.
    """

    say: Say
    empty: Path | None = None
    password: str = field(default_factory=RandomIds().new, repr=False)
    programs: Path = server.PROGRAMS

    @contextmanager
    def __call__(self, folder: Path) -> Iterator[Practice]:
        """Raises ConfigurationError where Tryton is not installed, or does not start."""
        if not server.is_installed(self.programs):
            raise ConfigurationError(server.HOW_TO_GET_IT)
        clock, password = SystemClock(), self.password
        home = folder / "tryton"
        home.mkdir()
        program = TrytonProgram(home, clock)
        self.say("A real Tryton server is started, set up and used. That takes about a minute and a half.")
        self._make_database(program)
        days = Days(clock.now().replace(microsecond=0))
        with ExitStack() as until_the_end:
            url = until_the_end.enter_context(program.serving(DATABASE))

            def person(login: str, secret: str) -> Colleague:
                return until_the_end.enter_context(closing(Colleague(url, DATABASE, login, secret, clock)))

            admin = person(ADMIN_LOGIN, password)
            self.say("The administrator sets up the company: accounts, periods, journals, people (about 10 seconds) ...")
            set_up(admin, _plan(days, password))
            hands = ByHand(person(BOOKKEEPER_LOGIN, password), admin)
            self.say(f"The bookkeeper posts {len(company.INVOICES)} invoices (about 15 seconds) ...")
            set_back = partial(_set_stamps_back, program.file(DATABASE))
            bookkeeper = TrytonBookkeeper(hands, person(AUDITOR_LOGIN, password), self.say, set_back)
            books = BOOKS.format(url=url, database=DATABASE, login=OUR_LOGIN, journal=JOURNAL)
            config = company.write_settings(folder, days, books=books)
            yield Practice(config, bookkeeper, days, {variable_of(f"{COMPANY}_tryton_password"): password})

    def _make_database(self, program: TrytonProgram) -> None:
        if self.empty is not None:
            shutil.copyfile(self.empty, program.file(DATABASE))
            return
        self.say("Tryton creates a database with its modules for invoices and statements (about 25 seconds) ...")
        program.install(DATABASE, MODULES, self.password)


def _plan(days: Days, password: str) -> Plan:
    """Periods also end where the story closes the books."""
    return Plan(
        years=range(days.invoiced.year, days.now.year + 2),
        people=((OUR_LOGIN, "Resolve Now"), (BOOKKEEPER_LOGIN, BOOKKEEPER), (AUDITOR_LOGIN, "Audrey Auditor")),
        password=password,
        journal=JOURNAL,
        period_ends=frozenset({days.closing}),
    )


def _set_stamps_back(file: Path, days: Days) -> None:
    """Lets what was entered so far have been entered when the story says: Tryton takes no such moment from anybody.

    It is the demo's own file, the server is idle, and nobody has looked at it yet. Only when is changed, never what.
    """
    credited, invoiced = _in_sqlite(days.credited), _in_sqlite(days.invoiced)
    _, memo, _ = company.EARLY_CREDIT
    with closing(sqlite.connect(file, timeout=BUSY_SECONDS)) as database, database:
        for table in ("account_move_line", "account_move", "account_invoice-account_move_line"):
            database.execute(f'UPDATE "{table}" SET {_STAMPS}', (credited, credited))  # noqa: S608 (our own names)
        database.execute(f"UPDATE account_invoice SET {_STAMPS}", (invoiced, invoiced))  # noqa: S608
        database.execute(f"UPDATE account_invoice SET {_STAMPS} WHERE number = ?", (credited, credited, memo))  # noqa: S608


def _in_sqlite(moment: datetime) -> str:
    """A moment as Tryton keeps it in SQLite: UTC, without a zone."""
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")
