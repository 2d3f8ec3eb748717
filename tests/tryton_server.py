"""A real Tryton server in a process of its own: its database is built once, kept, and put back before each test.

Nothing here is a stand-in: `trytond` runs from the development environment, on loopback. Building takes about half a
minute and is kept outside the tree, under a name made of Tryton's version and of the set-up itself.
"""

from __future__ import annotations

import atexit
import ctypes
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import tryton_people
from tryton_people import ADMIN_LOGIN, CLERK_LOGIN, PASSWORD, Person

PLAIN, WITH_REFERENCE = "books", "books_with_reference"  # the second has our optional module
DATABASES = (PLAIN, WITH_REFERENCE)
MODULES = ("account_invoice", "account_statement")
OPTIONAL_MODULE = Path(__file__).parents[1] / "accounting" / "tryton" / "optional_module"
HOW_TO_GET_IT = "Tryton is not installed: pip install trytond-account-invoice trytond-account-statement"
PROGRAMS = Path(sys.executable).parent
START_SECONDS = 60.0


def is_installed() -> bool:
    return (PROGRAMS / "trytond").exists() and (PROGRAMS / "trytond-admin").exists()


class TrytonServer:
    """A running server with two databases. `reset` puts one back as it was built, under the running server.

    Dana and the administrator are signed in once, before the state that is put back was copied: their sessions last,
    and a test spends no time on hashing passwords.
    """

    def __init__(self, folder: Path, template: Path) -> None:
        self._folder = folder
        for name in DATABASES:
            shutil.copyfile(template / f"{name}.sqlite", self.file(name))
        self.url = ""
        self._people: dict[tuple[str, str], Person] = {}

    def sign_in(self, url: str) -> None:
        self.url = url
        for name in DATABASES:
            for login in (CLERK_LOGIN, ADMIN_LOGIN):
                self._people[name, login] = Person(url, name, login)
            _copy(self.file(name), self._folder / f"{name}.begin")

    def reset(self, database: str = PLAIN) -> None:
        _copy(self._folder / f"{database}.begin", self.file(database))

    def file(self, database: str = PLAIN) -> Path:
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
    folder = until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="tryton-", ignore_cleanup_errors=True))
    return until_the_end.enter_context(running(Path(folder)))


@contextmanager
def running(folder: Path) -> Iterator[TrytonServer]:
    """A server of its own in this folder, until the end. Builds the template first where there is none."""
    server = TrytonServer(folder, template())
    with _served(folder, DATABASES) as url:
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
                for name in DATABASES:
                    _copy(Path(building) / f"{name}.sqlite", done / f"{name}.sqlite")
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
    digest = hashlib.sha256(str(tryton_people.LAST_YEAR).encode())
    for name in ("trytond", *(f"trytond-{module.replace('_', '-')}" for module in ("account", *MODULES))):
        try:
            digest.update(f"{name} {version(name)};".encode())
        except PackageNotFoundError:
            digest.update(name.encode())
    sources = [Path(tryton_people.__file__), *sorted((OPTIONAL_MODULE / "portal_receipt").glob("*.*"))]
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _build(folder: Path) -> None:
    (folder / f"{PLAIN}.sqlite").touch()
    _administer(folder, PLAIN, *MODULES)
    with _served(folder, (PLAIN,)) as url:
        tryton_people.set_up(Person(url, PLAIN, ADMIN_LOGIN))
    _copy(folder / f"{PLAIN}.sqlite", folder / f"{WITH_REFERENCE}.sqlite")
    _administer(folder, WITH_REFERENCE, "portal_receipt")


def _copy(source: Path, target: Path) -> None:
    """A whole copy of a database, whatever stands in its log beside it."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


def _administer(folder: Path, database: str, *modules: str) -> None:
    password = folder / "admin.password"
    password.write_text(PASSWORD)
    command = [str(PROGRAMS / "trytond-admin"), "-c", str(_configuration(folder, 0)), "-d", database, "-u", *modules]
    options = ["--activate-dependencies", "--email", "admin@example.org"]
    environment = {**_environment(folder), "TRYTONPASSFILE": str(password)}
    done = subprocess.run([*command, *options], env=environment, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise RuntimeError(f"trytond-admin failed: {done.stderr[-2000:]}")


@contextmanager
def _served(folder: Path, databases: tuple[str, ...]) -> Iterator[str]:
    port = _free_port()
    command = [str(PROGRAMS / "trytond"), "-c", str(_configuration(folder, port)), "-d", *databases]
    with (folder / "trytond.log").open("w") as log:
        process = subprocess.Popen(command, env=_environment(folder), stdout=log, stderr=log, preexec_fn=_end_with_us)  # noqa: PLW1509
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_it_answers(process, url, folder / "trytond.log")
            yield url
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _end_with_us() -> None:
    """On Linux the server ends when the process of the tests does, however that ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _wait_until_it_answers(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"trytond ended at once: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(f"{url}/nothing", timeout=5):
                return
        except urllib.error.HTTPError:
            return  # it answers, and that is all that was asked
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"trytond did not answer in {START_SECONDS} s: {log.read_text()[-2000:]}")


def _configuration(folder: Path, port: int) -> Path:
    file = folder / "trytond.conf"
    file.write_text(
        f"[database]\nuri = sqlite://\npath = {folder}\nlist = False\n[web]\nlisten = 127.0.0.1:{port}\n"
        "[session]\nmax_attempt = 1000\ntimeout = 86400\n[email]\nuri = smtp://127.0.0.1:1\n"
    )
    return file


def _environment(folder: Path) -> dict[str, str]:
    """Where the optional module is found: as if it were installed, by an entry point beside it."""
    marks = folder / "entry" / "portal_receipt-8.2.dist-info"
    marks.mkdir(parents=True, exist_ok=True)
    (marks / "METADATA").write_text("Metadata-Version: 2.1\nName: portal-receipt\nVersion: 8.2\n")
    (marks / "entry_points.txt").write_text("[trytond.modules]\nportal_receipt = portal_receipt\n")
    path = os.pathsep.join([str(marks.parent), str(OPTIONAL_MODULE)])
    return {**os.environ, "PYTHONPATH": path, "TZ": "UTC"}


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
