"""A Tryton server as a process of its own, on loopback, with its databases in one folder; it ends when we do.

Tryton is found beside the running Python and only ever started as a program: nothing of it is imported. Databases are
SQLite files. Ended is the process that was started here, by its own id, also on Ctrl-C.
"""

from __future__ import annotations

import ctypes
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from receivables.errors import ConfigurationError
from receivables.ports import Clock

MODULES = ("account_invoice", "account_statement")
HOW_TO_GET_IT = (
    "Tryton is not installed beside this Python. Install it with: "
    "pip install trytond-account-invoice trytond-account-statement (`make demo BOOKS=tryton ONCE=1` does)"
)
PROGRAMS = Path(sys.executable).parent
START_SECONDS = 60.0  # on a quiet machine it answers within two
MODULES_SECONDS = 600.0  # creating a database takes about 20
END_SECONDS = 10.0
#: `trytond` as it is, but Python looks for garbage seldom: among Tryton's million objects that takes a quarter of its time.
TRYTOND = "import gc; gc.set_threshold(20_000, 10, 10); from trytond.cli import main; main()"
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux


def is_installed(programs: Path = PROGRAMS) -> bool:
    """Whether the server's programs, and the modules we need, are there: beside the running Python, unless said otherwise."""
    try:
        for module in MODULES:
            version(f"trytond-{module.replace('_', '-')}")
    except PackageNotFoundError:
        return False
    return all((programs / name).exists() for name in ("trytond", "trytond-admin"))


@dataclass(frozen=True)
class TrytonProgram:
    """Tryton's two programs at work in one folder. `environment` is added to this process's own.

    `first` is Python that the server runs before it begins.
    """

    folder: Path
    clock: Clock
    environment: Mapping[str, str] = field(default_factory=dict)
    first: str = ""

    def file(self, database: str) -> Path:
        """Where a database is, or will be."""
        return self.folder / f"{database}.sqlite"

    def install(self, database: str, modules: Sequence[str], password: str) -> None:
        """Puts modules into a database, made new where there is none. `password` is the administrator's.

        Raises ConfigurationError with Tryton's own words where it fails.
        """
        self.file(database).touch()
        secret = self.folder / "admin.password"
        secret.touch(mode=0o600)
        secret.write_text(password)
        program = [str(PROGRAMS / "trytond-admin"), "-c", str(self._configuration(0)), "-d", database]
        options = ["-u", *modules, "--activate-dependencies", "--email", "admin@example.org"]
        environment = {**self._environment(), "TRYTONPASSFILE": str(secret)}
        try:
            done = subprocess.run(  # noqa: S603 (Tryton's own program, beside this Python)
                [*program, *options],
                env=environment,
                capture_output=True,
                text=True,
                timeout=MODULES_SECONDS,
                check=False,
                preexec_fn=_end_with_us,
            )
        finally:
            secret.unlink()
        if done.returncode:
            raise ConfigurationError(f"Tryton could not create its database: {done.stderr[-2000:]}")

    @contextmanager
    def serving(self, *databases: str) -> Iterator[str]:
        """A running server for these databases; gives its address. Raises ConfigurationError where it does not start."""
        port = _free_port()
        log = self.folder / "trytond.log"
        command = [sys.executable, "-c", f"{self.first}\n{TRYTOND}", "-c", str(self._configuration(port)), "-d", *databases]
        with log.open("w") as out:
            process = subprocess.Popen(  # noqa: S603
                command,
                env=self._environment(),
                stdout=out,
                stderr=out,
                start_new_session=True,  # Ctrl-C is for us; we end the server then, in good order
                preexec_fn=_end_with_us,  # noqa: PLW1509
            )
            try:
                self._wait_until_it_answers(process, port, log)
                yield f"http://127.0.0.1:{port}"
            finally:
                _end(process)

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        until = self.clock.monotonic() + START_SECONDS
        while self.clock.monotonic() < until:
            if process.poll() is not None:
                raise ConfigurationError(f"Tryton ended at once: {log.read_text()[-2000:]}")
            if answers(port):
                return
            time.sleep(0.1)
        raise ConfigurationError(f"Tryton did not answer within {START_SECONDS:.0f} s: {log.read_text()[-2000:]}")

    def _configuration(self, port: int) -> Path:
        """Loopback only, no list of databases, no mail; sessions outlast every play."""
        file = self.folder / "trytond.conf"
        file.write_text(
            f"[database]\nuri = sqlite://\npath = {self.folder}\nlist = False\n[web]\nlisten = 127.0.0.1:{port}\n"
            "[session]\nmax_attempt = 1000\ntimeout = 86400\n[email]\nuri = smtp://127.0.0.1:1\n"
        )
        return file

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "TZ": "UTC", **self.environment}


def answers(port: int) -> bool:
    """Whether anything comes back, "not found" included."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/nothing")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _end_with_us() -> None:
    """On Linux the server ends when our process does, however that ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGTERM)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
