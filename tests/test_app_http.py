"""The HTTP endpoint of `resolve-now run`, in real processes: signed messages, sent again, too long, cut, and kill -9."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import pysqlite3.dbapi2 as sqlite
import pytest
import stripe
import warm
from command_line import CHECKOUT, CommandLine, child_environment, write_settings
from running import until

from feeds.webhook import MOST_BYTES, SIGNATURE_HEADER, TIMESTAMP_HEADER, sign
from receivables.failpoints import ARMED_BY

SECRET, STRIPE_SECRET = "the-secret-of-both-sides-made-up-here", "whsec_made_up_for_this_test"
ENVIRONMENT = {"RESOLVE_NOW_ACME_WEBHOOK_SECRET": SECRET, "RESOLVE_NOW_ACME_STRIPE_WEBHOOK_SECRET": STRIPE_SECRET}
LISTENING_SECONDS = 30.0
Answer = tuple[int, Any]


@dataclass
class Running:
    """A running `resolve-now run` and where it listens."""

    acme: CommandLine
    process: warm.Started
    port: int

    def ask(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def send(self, given: object, *, company: str = "acme", secret: str = SECRET, off: int = 0) -> Answer:
        body = given if isinstance(given, bytes) else json.dumps(given).encode()
        return self.ask("POST", f"/feeds/{company}", body, headers_of(body, secret=secret, off=off))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.acme.rows(query)


def headers_of(body: bytes, *, secret: str = SECRET, off: int = 0) -> dict[str, str]:
    at = int(time.time()) + off
    signature = sign(secret, at, body)
    return {"Content-Type": "application/json", TIMESTAMP_HEADER: str(at), SIGNATURE_HEADER: signature}


def a_moment(number: str) -> str:
    """Each number its own second: what agrees in everything but the number is held as probably one payment."""
    minute, second = divmod(crc32(number.encode()) % 3600, 60)
    return f"2026-03-03T16:{minute:02}:{second:02}-06:00"


def a_message(number: str, **other: object) -> dict[str, object]:
    return {
        "transaction_number": number,
        "customer": "Hooli",
        "amount": "500.00",
        "currency": "USD",
        "paid_at": a_moment(number),
        "method": "card",
        "invoices": [["1042", "500.00"]],
        **other,
    }


@contextmanager
def running(acme: CommandLine, environment: Mapping[str, str] | None = None) -> Iterator[Running]:
    """`resolve-now run` on any free port, told to stop at the end."""
    out, log = acme.folder / "run.out", acme.folder / "run.log"
    log.unlink(missing_ok=True)
    process = warm.Started(acme.words("run"), child_environment({**ENVIRONMENT, **(environment or {})}), out, log)

    def listening() -> list[str]:
        return [line for line in log.read_text().splitlines() if '"listening"' in line]

    try:
        until(lambda: bool(listening()) or process.poll() is not None, LISTENING_SECONDS, log.read_text)
        assert listening(), log.read_text()
        yield Running(acme, process, json.loads(listening()[0])["port"])
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(LISTENING_SECONDS)


def a_house(folder: Path) -> CommandLine:
    acme = write_settings(folder)
    text = acme.config.read_text()
    feed = '[company.feed]\nkind = "stripe"\n[[person]]'
    acme.config.write_text(
        "[http]\nport = 0\n" + text.replace("[[person]]", feed, 1).replace("every_minutes = 1", "every_minutes = 60")
    )
    acme.books("customer", "Hooli", at="2026-02-01T12:00")
    return acme


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for all tests; each uses transaction numbers of its own."""
    with running(a_house(tmp_path_factory.mktemp("http"))) as started:
        yield started


def test_it_says_that_it_is_alive_and_ready(up: Running) -> None:
    status, said = up.ask("GET", "/health")
    assert (200, True, True) == (status, said["alive"], said["ready"])


def test_signed_payments_are_durable_when_they_are_answered(up: Running) -> None:
    status, said = up.send([a_message("DUR-1"), a_message("DUR-2")])
    assert (200, 2, 2) == (status, said["payments"], said["new"])
    assert [("DUR-1", "the webhook"), ("DUR-2", "the webhook")] == up.rows(
        "SELECT transaction_number, source FROM payment WHERE transaction_number LIKE 'DUR-%' ORDER BY 1"
    )


def test_the_same_message_again_changes_nothing(up: Running) -> None:
    up.send(a_message("AGAIN-1"))
    record = "SELECT count(*) FROM audit WHERE transaction_number = 'AGAIN-1'"
    before = up.rows(record)
    status, said = up.send(a_message("AGAIN-1"))
    assert (200, "This message was imported before; nothing was changed.") == (status, said["note"])
    assert [(1,)] == before == up.rows(record)


def test_a_contradiction_is_answered_200_and_becomes_a_failure(up: Running) -> None:
    up.send(a_message("CON-1"))
    status, said = up.send(a_message("CON-1", amount="600.00"))
    assert (200, 1) == (status, said["conflicts"])
    assert "note" in said
    assert [(50_000, "duplicate_reference")] == up.rows(
        "SELECT amount_minor, cause FROM payment JOIN failure USING (company, transaction_number)"
        " WHERE transaction_number = 'CON-1' AND about = 'correction'"
    )


def test_a_wrong_message_is_refused_whole_with_every_problem(up: Running) -> None:
    status, said = up.send([a_message("BAD-1"), a_message("BAD-2", amount="1e3", colour="red")])
    assert (400, {(2, "amount"), (2, "colour")}) == (
        status,
        {(problem["payment"], problem["field"]) for problem in said["problems"]},
    )
    assert all(problem["message"] and problem["remedy"] for problem in said["problems"])
    assert [] == up.rows("SELECT 1 FROM payment WHERE transaction_number LIKE 'BAD-%'")


def test_a_card_number_is_refused_and_neither_answered_nor_stored(up: Running) -> None:
    card = "4111111111111111"
    status, said = up.send([a_message("CARD-1"), a_message(card)])
    assert (400, [(2, "transaction_number")]) == (
        status,
        [(problem["payment"], problem["field"]) for problem in said["problems"]],
    )
    assert card not in json.dumps(said)
    assert "****1111" in json.dumps(said)
    assert [] == up.rows("SELECT 1 FROM payment WHERE transaction_number LIKE 'CARD-%'")
    stored = [path.read_bytes() for path in up.acme.folder.glob("resolve-now.sqlite*")]
    assert stored
    assert not any(card.encode() in content for content in stored)


def test_a_payment_that_came_before_under_another_number_is_held(up: Running) -> None:
    first, again = a_message("TWIN-7"), a_message("twin 007", paid_at=a_moment("TWIN-7"))
    assert (200, 1, 0) == ((sent := up.send(first))[0], sent[1]["new"], sent[1]["twins"])
    assert (200, 0, 1) == ((sent := up.send(again))[0], sent[1]["new"], sent[1]["twins"])


@pytest.mark.parametrize(("secret", "off"), [("another-secret-of-somebody", 0), (SECRET, -400), (SECRET, 400)])
def test_what_was_not_signed_by_us_just_now_is_refused(up: Running, secret: str, off: int) -> None:
    assert 401 == up.send(a_message("SIG-1"), secret=secret, off=off)[0]
    assert [] == up.rows("SELECT 1 FROM payment WHERE transaction_number = 'SIG-1'")


@pytest.mark.parametrize("path", ["/feeds/nobody", "/feeds/nobody/stripe", "/", "/feeds/acme/other"])
def test_nothing_tells_which_companies_there_are(up: Running, path: str) -> None:
    body = json.dumps(a_message("NO-1")).encode()
    assert (404, {"error": "Nothing is received here."}) == up.ask("POST", path, body, headers_of(body))


def test_another_type_or_method_is_refused(up: Running) -> None:
    assert 415 == up.ask("POST", "/feeds/acme", b"a,b", {"Content-Type": "text/csv"})[0]
    assert 405 == up.ask("GET", "/feeds/acme")[0]


def test_a_message_that_is_too_long_is_refused_before_it_is_read(up: Running) -> None:
    assert 413 == up.ask("POST", "/feeds/acme", headers=headers_of(b"") | {"Content-Length": str(MOST_BYTES + 1)})[0]
    with socket.create_connection(("127.0.0.1", up.port), timeout=30) as line:
        line.sendall(
            b"POST /feeds/acme HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        for _ in range(MOST_BYTES // 0x10000 + 1):
            line.sendall(piece)
        assert line.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_a_sender_that_stops_in_the_middle_keeps_nobody_else_waiting(up: Running) -> None:
    body = json.dumps(a_message("SLOW-1")).encode()
    head = "".join(f"{name}: {value}\r\n" for name, value in headers_of(body).items())
    with socket.create_connection(("127.0.0.1", up.port), timeout=60) as line:
        line.sendall(f"POST /feeds/acme HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body[:20])
        assert 200 == up.send(a_message("SLOW-2"))[0]
        assert line.recv(4096).startswith(b"HTTP/1.1 408 ")
    assert [] == up.rows("SELECT 1 FROM payment WHERE transaction_number = 'SLOW-1'")


def test_a_database_that_does_not_answer_is_said_and_nothing_is_taken(up: Running) -> None:
    blocker = sqlite.connect(up.acme.database, isolation_level=None)
    try:
        blocker.execute("BEGIN IMMEDIATE")
        status, said = up.send(a_message("LOCKED-1"))
        assert (503, True) == (status, "Send it again" in said["error"])
        blocker.execute("ROLLBACK")
    finally:
        blocker.close()
    assert (200, 1) == (
        up.send(a_message("LOCKED-1"))[0],
        len(up.rows("SELECT 1 FROM payment WHERE transaction_number='LOCKED-1'")),
    )


@pytest.mark.parametrize(
    ("language", "words", "number"), [("python", [sys.executable, "-c"], "CB-1042"), ("sh", ["sh", "-c"], "CB-1043")]
)
def test_the_examples_of_the_page_for_senders_are_taken(up: Running, language: str, words: list[str], number: str) -> None:
    page = (CHECKOUT / "docs" / "feeds.md").read_text()
    (example,) = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    if language == "sh" and not (shutil.which("curl") and shutil.which("openssl")):
        pytest.skip("curl or openssl is not installed: apt-get install curl openssl")
    ran = subprocess.run(
        [*words, example.replace(":8321", f":{up.port}")], check=False, capture_output=True, text=True, timeout=60
    )
    assert (0, [(number,)]) == (
        ran.returncode,
        up.rows(f"SELECT transaction_number FROM payment WHERE transaction_number = '{number}'"),
    )


def stripe_event(id: str, told: object, type: str = "charge.refunded") -> bytes:
    return json.dumps({"id": id, "object": "event", "type": type, "data": {"object": told}}).encode()


def test_what_stripe_signed_is_kept_to_be_read_and_once(up: Running) -> None:
    body = stripe_event("evt_1", {"object": "refund", "charge": "ch_1"})
    header = {"Content-Type": "application/json", "Stripe-Signature": signed(body)}
    assert (200, {"charges": 1}) == up.ask("POST", "/feeds/acme/stripe", body, header)
    assert (200, {"note": "This message was received before."}) == up.ask("POST", "/feeds/acme/stripe", body, header)
    assert [("ch_1",)] == up.rows("SELECT record_id FROM feed_record WHERE problem = ''")


@pytest.mark.parametrize(("secret", "off"), [("whsec_of_somebody_else_here", 0), (STRIPE_SECRET, -400)])
def test_what_stripe_did_not_sign_just_now_is_refused(up: Running, secret: str, off: int) -> None:
    body = stripe_event("evt_2", {"object": "charge", "id": "ch_2"})
    header = {"Content-Type": "application/json", "Stripe-Signature": signed(body, secret, off)}
    assert 401 == up.ask("POST", "/feeds/acme/stripe", body, header)[0]


def signed(body: bytes, secret: str = STRIPE_SECRET, off: int = 0) -> str:
    return str(stripe.WebhookSignature.generate_signature_header(body.decode(), secret, int(time.time()) + off))


def test_killed_between_durable_and_answered_the_sender_sends_again_and_nothing_doubles(tmp_path: Path) -> None:
    acme = a_house(tmp_path)
    with running(acme, {ARMED_BY: "intake.after_message"}) as dying:
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            dying.send(a_message("KILL-1"))
        assert -signal.SIGKILL == dying.process.wait(LISTENING_SECONDS)
    assert [("KILL-1",)] == acme.rows("SELECT transaction_number FROM payment")
    with running(acme) as again:
        assert "imported before" in again.send(a_message("KILL-1"))[1]["note"]
        assert [("KILL-1",)] == acme.rows("SELECT transaction_number FROM payment")
    assert 0 == again.process.returncode
