"""A real mail server on this machine, as small as one can be: it keeps what it takes, and fails where a test says so."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Post:
    """What was taken, and what goes wrong: `answers` replaces the answer to a word ("RCPT bad@x", "DATA", "taken")."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    connections: int = 0


class _Session(socketserver.StreamRequestHandler):
    post: Post

    def handle(self) -> None:
        self.post.connections += 1
        to: list[str] = []
        self._say(self.post.answers.get("hello", "220 ready"))
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            if verb == "QUIT":
                self._say("221 bye")
                return
            if verb == "DATA":
                if not self._take(to):
                    return
                continue
            address = line.partition("<")[2].partition(">")[0]
            answer = self.post.answers.get(f"{verb} {address}".strip(), self.post.answers.get(verb, "250 fine"))
            if verb == "RCPT" and answer.startswith("250"):
                to.append(address)
            self._say(answer)

    def _take(self, to: list[str]) -> bool:
        refused = self.post.answers.get("DATA", "")
        self._say(refused or "354 go on")
        if refused:
            return True
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        if (answer := self.post.answers.get("taken", "250 taken")) == "never taken":
            return False
        self.post.mails.append(message_from_bytes(b"".join(lines), policy=policy.default))
        self.post.recipients.append(list(to))
        if answer == "dropped":
            return False
        self._say(answer)
        return True

    def _say(self, answer: str) -> None:
        self.wfile.write(f"{answer}\r\n".encode())


@contextmanager
def a_mail_server() -> Iterator[Post]:
    post = Post()
    session = type("Session", (_Session,), {"post": post})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), session) as server:
        server.daemon_threads = True
        post.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield post
        finally:
            server.shutdown()
