"""A real Tryton server in a process of its own: its database is built once, kept, and put back before each test.

Nothing here is a stand-in: `trytond` runs from the development environment, on loopback. Building takes about half a
minute and is kept outside the tree, under a name made of Tryton's version and of the set-up itself.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import templates
import tryton_people
from tryton_memory import Remembered, copy
from tryton_people import ADMIN_LOGIN, CLERK_LOGIN, PASSWORD, Person

from app.clock import SystemClock
from app.demo.tryton import company
from app.demo.tryton.company import set_up
from app.demo.tryton.server import HOW_TO_GET_IT, MODULES, TrytonProgram, is_installed

__all__ = ["HOW_TO_GET_IT", "PLAIN", "WITH_REFERENCE", "TrytonServer", "is_installed", "shared"]

PLAIN, WITH_REFERENCE = "books", "books_with_reference"  # the second has our optional module
DATABASES = (PLAIN, WITH_REFERENCE)
EMPTY = "empty"  # with the modules, and nothing set up
OPTIONAL_MODULE = Path(__file__).parents[1] / "accounting" / "tryton" / "optional_module"
#: Nobody guesses the passwords of a test: they are hashed at the least cost. Each sign-in takes a third of a second otherwise.
CHEAP_HASHES = "import argon2; argon2.DEFAULT_TIME_COST, argon2.DEFAULT_MEMORY_COST, argon2.DEFAULT_PARALLELISM = 1, 8, 1"
#: What is built by these is built anew when one of them changes.
SOURCES = (tryton_people.__file__, company.__file__)


class TrytonServer:
    """A running server with two databases. `reset` puts one back as it was built, under the running server.

    Dana and the administrator are signed in once, before the state that is put back was copied: their sessions last,
    and a test spends no time on hashing passwords. What they do before anybody else looks is remembered; whoever asks for
    the address or for a file is somebody else.
    """

    def __init__(self, folder: Path, template: Path) -> None:
        self._folder = folder
        for name in DATABASES:
            shutil.copyfile(template / f"{name}.sqlite", self._file(name))
        self._url = ""
        self._people: dict[tuple[str, str], Person] = {}
        self._memories: dict[str, Remembered] = {}

    def sign_in(self, url: str) -> None:
        self._url = url
        for name in DATABASES:
            begin = self._folder / f"{name}.begin"
            memory = self._memories[name] = Remembered(self._file(name), begin)
            for login in (CLERK_LOGIN, ADMIN_LOGIN):
                person = self._people[name, login] = Person(url, name, login)
                person.memory = memory
            copy(self._file(name), begin)

    def reset(self, database: str = PLAIN) -> None:
        self._memories[database].put_back()

    def leave(self, database: str = PLAIN) -> None:
        """To be called before our connector looks at it, or anybody whom nobody remembers."""
        self._memories[database].leave()

    @property
    def url(self) -> str:
        for name in DATABASES:
            self.leave(name)
        return self._url

    def address(self) -> str:
        """The address, for who calls `leave` before each look."""
        return self._url

    def file(self, database: str = PLAIN) -> Path:
        self.leave(database)
        return self._file(database)

    def _file(self, database: str) -> Path:
        return self._folder / f"{database}.sqlite"

    def sign_in_as(self, login: str, database: str = PLAIN) -> Person:
        """Signs somebody in anew, for this test only."""
        return Person(self.url, database, login)

    def person(self, login: str, database: str = PLAIN) -> Person:
        return self._people[database, login]


@cache
def shared() -> TrytonServer:
    """One server for all tests of this process; it ends with the process."""
    until_the_end = ExitStack()
    atexit.register(until_the_end.close)
    folder = until_the_end.enter_context(
        tempfile.TemporaryDirectory(prefix="tryton-", dir=templates.memory(), ignore_cleanup_errors=True)
    )
    return until_the_end.enter_context(running(Path(folder)))


@contextmanager
def running(folder: Path) -> Iterator[TrytonServer]:
    """A server of its own in this folder, until the end. Builds the template first where there is none."""
    server = TrytonServer(folder, template())
    with _program(folder).serving(*DATABASES) as url:
        server.sign_in(url)
        yield server


def template() -> Path:
    """The folder with both databases as built; made once for this version and set-up, by one process at a time."""
    kept = Path(os.environ.get("XDG_CACHE_HOME") or _cache_home()) / "resolve-now-tests"
    kept.mkdir(parents=True, exist_ok=True)
    ready = kept / f"tryton-{_fingerprint()}"
    with (kept / "tryton.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.is_dir():
            with tempfile.TemporaryDirectory(dir=kept, prefix="building-") as building:
                _build(Path(building))
                done = Path(building) / "done"
                done.mkdir()
                for name in (*DATABASES, EMPTY):
                    copy(Path(building) / f"{name}.sqlite", done / f"{name}.sqlite")
                done.rename(ready)
    return ready


def _cache_home() -> Path:
    home = Path.home() / ".cache"
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = tempfile.mkdtemp(dir=home)
    except OSError:
        return Path(tempfile.gettempdir())
    Path(probe).rmdir()
    return home


def _fingerprint() -> str:
    """Changes whenever the set-up, the optional module or Tryton's own version does."""
    digest = hashlib.sha256(f"{tryton_people.LAST_YEAR} {CHEAP_HASHES}".encode())
    for name in ("trytond", *(f"trytond-{module.replace('_', '-')}" for module in ("account", *MODULES))):
        try:
            digest.update(f"{name} {version(name)};".encode())
        except PackageNotFoundError:
            digest.update(name.encode())
    sources = [*map(Path, SOURCES), *sorted((OPTIONAL_MODULE / "portal_receipt").glob("*.*"))]
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _build(folder: Path) -> None:
    program = _program(folder)
    program.install(PLAIN, MODULES, PASSWORD)
    copy(program.file(PLAIN), folder / f"{EMPTY}.sqlite")
    with program.serving(PLAIN) as url:
        set_up(Person(url, PLAIN, ADMIN_LOGIN), tryton_people.PLAN)
    copy(program.file(PLAIN), program.file(WITH_REFERENCE))
    program.install(WITH_REFERENCE, ("portal_receipt",), PASSWORD)


def _program(folder: Path) -> TrytonProgram:
    """Tryton with the optional module as if it were installed, by an entry point beside it."""
    marks = folder / "entry" / "portal_receipt-8.2.dist-info"
    marks.mkdir(parents=True, exist_ok=True)
    (marks / "METADATA").write_text("Metadata-Version: 2.1\nName: portal-receipt\nVersion: 8.2\n")
    (marks / "entry_points.txt").write_text("[trytond.modules]\nportal_receipt = portal_receipt\n")
    path = os.pathsep.join([str(marks.parent), str(OPTIONAL_MODULE)])
    return TrytonProgram(folder, SystemClock(), {"PYTHONPATH": path}, CHEAP_HASHES)
