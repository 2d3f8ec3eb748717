"""What an answer over HTTP means: a read may be repeated, a write leaves once, and what is no sure answer is unknown."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from makers import ManualClock

from accounting.calling import Calls, Reply
from receivables import boundary
from receivables.errors import AccessLost, BooksError, BooksUnavailable, OutcomeUnknown, Throttled

Answer = Callable[[BaseHTTPRequestHandler], None]


def answering(status: int, body: bytes = b"{}", headers: Mapping[str, str] | None = None) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def hanging_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.close()


def cut_off(handler: BaseHTTPRequestHandler) -> None:
    """Half of an answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b'{"half":')
    handler.close_connection = True


@dataclass
class Server:
    """Gives the answers it was told, the last one again and again; remembers what was asked."""

    answers: list[Answer] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        self.asked.append((handler.command, handler.path, dict(handler.headers), body))
        (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])(handler)


@dataclass
class Pass:
    """Lets in with a number that counts up when it is refused; a third time a person must come."""

    number: int = 1
    renewing: Callable[[], object] = bool  # what happens meanwhile

    def authorization(self) -> str:
        return f"Bearer {self.number}"

    def refused(self, authorization: str) -> None:
        self.renewing()
        assert authorization == self.authorization()
        self.number += 1
        if self.number > 3:
            raise AccessLost("connect again")


@dataclass
class Budget:
    """Asks for these waits, one for each call, and none afterwards."""

    waits: list[float] = field(default_factory=list)

    def take(self, company: str, calls: int) -> float:
        assert ("acme", 1) == (company, calls)
        return self.waits.pop(0) if self.waits else 0.0


@dataclass
class Line:
    """The calls of one company to a server of our own, with a clock driven by hand."""

    server: Server
    clock: ManualClock = field(default_factory=ManualClock)
    entry: Pass = field(default_factory=Pass)
    budget: Budget = field(default_factory=Budget)
    paused: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.calls = Calls(
            "acme",
            "The books",
            f"http://127.0.0.1:{self.server.port}/v3/",
            access=self.entry,
            budget=self.budget,
            clock=self.clock,
            trace_header="Trace-Id",
            pause=self.paused.append,
        )

    def told(self, *answers: Answer) -> Line:
        self.server.answers[:] = answers
        return self

    def write(self, seconds: float = 60.0) -> Reply:
        return self.calls.write("POST", "payment", deadline=self.clock.monotonic() + seconds, body={"Amount": Decimal("0.10")})


@pytest.fixture
def line() -> Iterator[Line]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def take(self) -> None:
            told.take(self)

        do_GET = do_POST = take  # noqa: N815 (the server's own names)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        told.port = server.server_port
        made = Line(told)
        yield made
        made.calls.close()
        server.shutdown()
        thread.join()


def test_amounts_leave_and_arrive_as_they_are_written(line: Line) -> None:
    reply = line.told(answering(200, b'{"TotalAmt": 12345678901234.10}', {"Trace-Id": "t-1"})).write()

    assert {"TotalAmt": Decimal("12345678901234.10")} == reply.body
    assert ("t-1", True) == (reply.trace, reply.ok)
    ((method, path, headers, body),) = line.server.asked
    assert ("POST", "/v3/payment", "Bearer 1", b'{"Amount": 0.10}') == (method, path, headers["Authorization"], body)


def test_refusal_of_the_package_comes_back_as_its_answer(line: Line) -> None:
    reply = line.told(answering(400, b'{"Fault": {}}')).write()

    assert (400, False, {"Fault": {}}) == (reply.status, reply.ok, reply.body)


@pytest.mark.parametrize(
    "answer",
    [
        answering(500),
        answering(502, b"<html>"),
        answering(503),
        answering(301, headers={"Location": "http://127.0.0.1:1/elsewhere"}),
        answering(200, b"<html>not JSON</html>"),
        answering(200, b""),
        hanging_up,
        cut_off,
    ],
    ids=["500", "502", "503", "redirect", "no JSON", "nothing", "hanging up", "cut off"],
)
def test_write_without_a_sure_answer_is_unknown_and_left_once(line: Line, answer: Answer) -> None:
    with pytest.raises(OutcomeUnknown):
        line.told(answer).write()

    assert (1, []) == (len(line.server.asked), line.paused)


def test_write_after_its_deadline_never_leaves(line: Line) -> None:
    with pytest.raises(BooksUnavailable, match="nothing was sent"):
        line.told(answering(200)).write(seconds=-1.0)

    assert [] == line.server.asked


def test_write_to_nobody_is_not_done(line: Line) -> None:
    nobody = Calls("acme", "The books", "http://127.0.0.1:1/", access=Pass(), budget=Budget(), clock=line.clock)

    with pytest.raises(BooksUnavailable, match="Nothing was written"):
        nobody.write("POST", "payment", deadline=line.clock.monotonic() + 60.0)


@pytest.mark.parametrize(("headers", "expected"), [({"Retry-After": "7"}, 7.0), ({}, 60.0), ({"Retry-After": "soon"}, 60.0)])
def test_too_many_calls_is_not_done_and_says_how_long(line: Line, headers: dict[str, str], expected: float) -> None:
    with pytest.raises(Throttled) as raised:
        line.told(answering(429, headers=headers)).write()

    assert expected == raised.value.retry_after_seconds


def test_refused_access_is_renewed_and_the_write_leaves_with_it_at_once(line: Line) -> None:
    assert line.told(answering(401), answering(200, b"{}")).write().ok

    assert ["Bearer 1", "Bearer 2"] == [asked[2]["Authorization"] for asked in line.server.asked]
    assert 1 == len({asked[3] for asked in line.server.asked})


def test_write_refused_with_the_renewed_access_too_was_not_done(line: Line) -> None:
    with pytest.raises((AccessLost, BooksUnavailable)):
        line.told(answering(401)).write()

    assert 2 == len(line.server.asked)


def test_write_whose_time_ended_while_the_access_was_renewed_is_not_sent(line: Line) -> None:
    deadline = line.clock.monotonic() + 1
    line.entry.renewing = lambda: line.clock.advance(2)
    with pytest.raises(BooksUnavailable):
        line.told(answering(401)).calls.write("POST", "payment", deadline=deadline, body={})

    assert 1 == len(line.server.asked)


def test_refused_access_is_renewed_and_the_read_goes_on(line: Line) -> None:
    reply = line.told(answering(401), answering(200)).calls.read("GET", "invoice/1")

    assert (200, ["Bearer 1", "Bearer 2"]) == (reply.status, [asked[2]["Authorization"] for asked in line.server.asked])


def test_access_that_cannot_be_renewed_is_for_a_person(line: Line) -> None:
    with pytest.raises(AccessLost):
        line.told(answering(401)).calls.read("GET", "invoice/1")

    assert 3 == len(line.server.asked)


def test_read_is_repeated_until_it_is_answered(line: Line) -> None:
    reply = line.told(hanging_up, answering(503), answering(200, b'{"Id": "1"}')).calls.read("GET", "invoice/1")

    assert ({"Id": "1"}, [0.5, 2.0]) == (reply.body, line.paused)
    assert {"read": 3} == line.calls.counts.made


@pytest.mark.parametrize("answer", [hanging_up, cut_off, answering(500), answering(302, headers={"Location": "/elsewhere"})])
def test_read_that_is_never_answered_ends(line: Line, answer: Answer) -> None:
    with pytest.raises(BooksUnavailable):
        line.told(answer).calls.read("GET", "invoice/1")

    assert 3 == len(line.server.asked)


def test_redirect_is_never_followed(line: Line) -> None:
    with pytest.raises(BooksUnavailable, match="redirect"):
        line.told(answering(302, headers={"Location": "/v3/other"})).calls.read("GET", "invoice/1")

    assert {"/v3/invoice/1"} == {asked[1] for asked in line.server.asked}


def test_short_wait_for_the_budget_is_waited_and_a_long_one_pauses_the_company(line: Line) -> None:
    line.told(answering(200)).budget.waits = [2.0, 0.0, 120.0]
    line.calls.read("GET", "invoice/1")

    with pytest.raises(Throttled) as raised:
        line.calls.read("GET", "invoice/2")

    assert ([2.0], 120.0, 1) == (line.paused, raised.value.retry_after_seconds, len(line.server.asked))


def test_no_call_leaves_inside_a_transaction_of_ours(line: Line) -> None:
    with boundary.transaction(), pytest.raises(AssertionError, match="transaction is open"):
        line.told(answering(200)).write()

    assert [] == line.server.asked


def test_answer_that_comes_drop_by_drop_is_no_answer(line: Line) -> None:
    """Each drop is within every time-out; the whole is not."""

    def dripping(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        line.clock.advance(61.0)
        handler.wfile.write(b" ")
        handler.wfile.flush()
        handler.rfile.read(1)  # until we hang up

    with pytest.raises(OutcomeUnknown):
        line.told(dripping).write()


@pytest.mark.parametrize("answer", [answering(500), answering(401), answering(429), hanging_up])
@pytest.mark.parametrize("kind", ["read", "write"])
def test_no_message_carries_an_address_or_a_token(line: Line, answer: Answer, kind: str) -> None:
    line.told(answer)
    with pytest.raises(BooksError) as raised:
        line.write() if kind == "write" else line.calls.read("GET", "query", params={"query": "a customer's name"})

    said = f"{raised.value} {raised.value!r} {vars(raised.value)}"
    assert [] == [word for word in ("127.0.0.1", "Bearer", "client", "http") if word in said]
