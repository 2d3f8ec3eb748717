"""Where a person's browser returns after signing in to the books: one page on this machine, answered once.

The answer counts only with the secret word (`state`) that we sent, so that no other page can send its own.
"""

from __future__ import annotations

import hmac
import html
import queue
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from receivables.errors import AccessLost, ConfigurationError, NotPermitted

PATH = "/callback"
IDLE_SECONDS = 15  # browsers open connections in advance and send nothing on them
OUTCOME_SECONDS = 90.0  # how long the page waits for the outcome
SHOWN_SECONDS = 5.0  # how long we wait for the page; a closed browser delays nobody


@dataclass(frozen=True)
class CameBack:
    """What the browser brought: the code to redeem, and at Intuit the company (realm) it is for."""

    code: str = field(repr=False)
    realm: str


def came_back(address: str, state: str) -> CameBack:
    """Reads the address the browser was sent to.

    Raises NotPermitted when it does not answer our request, AccessLost when the person or the provider declined.
    """
    words = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items() if len(values) == 1}
    if not hmac.compare_digest(words.get("state", "").encode(), state.encode()):
        raise NotPermitted("This is not the answer to the sign-in started here. Run resolve-now connect again.")
    if "error" in words:
        declined = words["error"] == "access_denied"
        raise AccessLost(
            "The sign-in was declined; nothing was changed." if declined else "The sign-in failed; nothing was changed."
        )
    if not words.get("code"):
        raise NotPermitted("The sign-in returned no code. Run resolve-now connect again.")
    return CameBack(words["code"], words.get("realmId", ""))


class Listener:
    """Listens on 127.0.0.1 for the browser to return. Use it in a `with` block."""

    def __init__(self, port: int, state: str) -> None:
        """Raises ConfigurationError when the port is in use."""
        self._state = state
        self._answers: queue.Queue[CameBack | AccessLost] = queue.Queue()
        self._outcome: queue.Queue[tuple[bool, str]] = queue.Queue()
        self._used = threading.Lock()
        self.shown = threading.Event()  # the page that was waiting has its answer
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        except OSError as error:
            raise ConfigurationError(
                f"Cannot listen on port {port}: {error.strerror}. Stop the program that uses it, or name another with --port "
                "(register its address with your app too)."
            ) from None
        self._server.daemon_threads = True

    def __enter__(self) -> Listener:
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="sign-in", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, seconds: float) -> CameBack:
        """What the browser brought. Raises AccessLost, also when nobody signed in."""
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            raise AccessLost("Nobody signed in in time; nothing was changed.") from None
        if isinstance(answer, AccessLost):
            raise answer
        return answer

    def tell(self, done: bool, text: str) -> None:
        """What the waiting page shows in the end. Returns when it is shown: the program may end right afterwards."""
        self._outcome.put((done, text))
        if self._used.locked():
            self.shown.wait(SHOWN_SECONDS)

    def answer(self, address: str) -> tuple[int, str]:
        """The status and the words for a browser that asks for this address."""
        if urlsplit(address).path != PATH:
            return 404, "There is nothing here."
        try:
            brought: CameBack | AccessLost = came_back(address, self._state)
        except NotPermitted as error:
            return 400, error.message
        except AccessLost as error:
            brought = error
        if not self._used.acquire(blocking=False):  # held for good: an answer counts once
            return 400, "This sign-in was answered already."
        self._answers.put(brought)
        if isinstance(brought, AccessLost):
            return 400, brought.message
        try:
            done, text = self._outcome.get(timeout=OUTCOME_SECONDS)
        except queue.Empty:
            return 504, "This is taking longer than expected; look at the terminal."
        return (200 if done else 502), text


def _handler(listener: Listener) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = IDLE_SECONDS
        server_version = "resolve-now"
        sys_version = ""

        def do_GET(self) -> None:
            status, text = listener.answer(self.path)
            page = (
                '<!doctype html><html lang="en"><meta charset="utf-8"><title>Resolve Now</title>'
                f"<h1>Resolve Now</h1><p>{html.escape(text)}</p></html>"
            ).encode()
            self.send_response(status)
            for name, value in (
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Length", str(len(page))),
                ("Content-Security-Policy", "default-src 'none'"),
                ("Referrer-Policy", "no-referrer"),  # the address holds the code
                ("Cache-Control", "no-store"),
                ("Connection", "close"),
            ):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(page)
            self.wfile.flush()
            if status in (200, 502):
                listener.shown.set()

        def log_message(self, format: str, *args: object) -> None:  # its name in the standard library
            """Says nothing: the address holds the code."""

    return Handler
