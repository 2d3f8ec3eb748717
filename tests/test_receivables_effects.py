"""What an answer of the books means, where an effect may go, and what its key and marker are made of."""

from __future__ import annotations

import json
import re
import socket
import ssl
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from receivables.books_records import (
    CreditApplication,
    CreditMemo,
    Customer,
    Gone,
    Invoice,
    InvoiceStatus,
    Receipt,
    ReceiptLine,
    Stamp,
)
from receivables.effects import (
    LIVE_STATES,
    STEPS,
    EffectKind,
    EffectState,
    Outcome,
    ReceiptWrite,
    Verdict,
    Written,
    classify,
    effect_key,
    facts_of,
    marker,
    marker_stem,
    markers_in,
    next_state,
)
from receivables.errors import (
    AccessLost,
    BooksError,
    BooksRefused,
    BooksUnavailable,
    ConfigurationError,
    FeedError,
    NotFound,
    NotPermitted,
    OutcomeUnknown,
    ReceivablesError,
    StaleDecision,
)
from receivables.refusal import Refusal


class Unprintable(Exception):
    """An answer that cannot even be put into words."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class RefusedLookalike:
    """Has what a refusal has, but nobody of ours said so."""

    code = "books_refused"
    message = "no"
    refusal = Refusal.INVALID
    vendor_code = "6000"
    vendor_detail = ""


def an_error(of: type[Exception], *arguments: object) -> Exception:
    return of(*arguments)


KNOWN: list[tuple[object, Verdict]] = [
    (Written("R-1", "7"), Verdict.DONE),
    (Written("R-1", ""), Verdict.DONE),
    (Written("R-1", "7", "trace"), Verdict.DONE),
    (BooksRefused("closed", Refusal.PERIOD_CLOSED, "6200", "raw"), Verdict.REFUSED),
    (BooksRefused("", Refusal.INVALID), Verdict.REFUSED),
    (BooksUnavailable("busy", 30.0), Verdict.AGAIN),
    (BooksUnavailable("refused the connection"), Verdict.AGAIN),
    (AccessLost("connect again"), Verdict.AGAIN),
]

UNKNOWN: list[object] = [
    *(None, True, False, 0, 1, 200, 201, 204, 400, 401, 404, 409, 422, 429, 500, 502, 503, 504, 1.5, float("nan")),
    *("", "ok", "done", "refused", "R-1", b"", b"<html>Sign in</html>", "<html>Sign in</html>", '{"Id": "1"', Verdict.DONE),
    *([], (), {}, set(), {"Id": "R-1"}, {"Fault": {"Error": [{"code": "6000"}]}}, [Written("R-1", "7")], (Written("R-1", "7"),)),
    *(
        Written,
        BooksRefused,
        BooksUnavailable,
        AccessLost,
        object(),
        RefusedLookalike(),
        RefusedLookalike,
        Ellipsis,
        NotImplemented,
    ),
    *(Written("", "7"), Written("", ""), replace(Written("", ""), trace="x")),
    *(OutcomeUnknown("no answer"), BooksError("something"), ReceivablesError("something"), FeedError("x"), NotPermitted("x")),
    *(
        StaleDecision("x"),
        NotFound("x"),
        ConfigurationError("x"),
        EffectState.DONE,
        Outcome(Verdict.DONE),
        Outcome(Verdict.REFUSED),
    ),
    *(TimeoutError(), ConnectionResetError(104, "reset"), ConnectionAbortedError(), BrokenPipeError(32, "pipe"), EOFError()),
    *(
        ConnectionRefusedError(111, "refused"),
        ConnectionError(),
        OSError(5, "I/O"),
        OSError(28, "disk full"),
        PermissionError(13, "no"),
    ),
    *(
        socket.gaierror(-2, "no name"),
        ssl.SSLError(1, "alert"),
        ssl.SSLCertVerificationError(1, "certificate"),
        InterruptedError(),
    ),
    *(json.JSONDecodeError("cut", "{", 1), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), ValueError("x"), TypeError("x")),
    *(
        KeyError("Id"),
        IndexError(0),
        AttributeError("x"),
        RuntimeError("x"),
        MemoryError(),
        RecursionError(),
        AssertionError("x"),
    ),
    *(
        KeyboardInterrupt(),
        SystemExit(0),
        SystemExit(1),
        GeneratorExit(),
        StopIteration(),
        Exception(),
        BaseException(),
        Unprintable(),
    ),
    *(
        ExceptionGroup("several", [BooksRefused("no", Refusal.INVALID)]),
        an_error(ValueError, BooksRefused("no", Refusal.INVALID)),
    ),
]


def test_the_table_of_answers_is_long_enough() -> None:
    assert 60 <= len(KNOWN) + len(UNKNOWN)


@pytest.mark.parametrize(("answer", "verdict"), KNOWN, ids=repr)
def test_only_answers_on_the_list_are_known(answer: object, verdict: Verdict) -> None:
    assert verdict is classify(answer).verdict


@pytest.mark.parametrize("answer", UNKNOWN, ids=lambda answer: type(answer).__name__)
def test_anything_else_is_unknown(answer: object) -> None:
    outcome = classify(answer)
    assert (Verdict.UNKNOWN, "", "outcome_unknown") == (outcome.verdict, outcome.document_id, outcome.code)
    assert type(answer).__name__ in outcome.message


def test_ids_and_versions_that_are_no_text_are_unknown() -> None:
    for document_id, version, trace in ((5, "1", ""), (None, "1", ""), (b"R-1", "1", ""), ("R-1", 1, ""), ("R-1", "1", None)):
        assert Verdict.UNKNOWN is classify(Written(document_id, version, trace)).verdict  # type: ignore[arg-type]


@given(
    answer=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    )
)
def test_no_parsed_body_is_ever_an_answer(answer: object) -> None:
    assert Verdict.UNKNOWN is classify(answer).verdict


def test_an_outcome_keeps_what_is_needed_later() -> None:
    assert Outcome(Verdict.DONE, document_id="R-1", version="7", trace="t") == classify(Written("R-1", "7", "t"))
    refused = classify(BooksRefused("The period is closed.", Refusal.PERIOD_CLOSED, "6200", "raw detail"))
    assert ("period_closed", "The period is closed.") == (refused.code, refused.message)
    busy, lost = classify(BooksUnavailable("busy", 30.0)), classify(AccessLost("gone"))
    assert (30.0, False) == (busy.retry_after_seconds, busy.access_lost)
    assert (None, True) == (lost.retry_after_seconds, lost.access_lost)


def test_a_message_of_any_length_is_cut() -> None:
    assert 500 >= len(classify(ValueError("x" * 100_000)).message)


def test_each_verdict_leads_where_a_sending_effect_may_go() -> None:
    expected = {
        Verdict.DONE: EffectState.DONE,
        Verdict.AGAIN: EffectState.PLANNED,
        Verdict.REFUSED: EffectState.FAILED,
        Verdict.UNKNOWN: EffectState.UNKNOWN,
    }
    assert expected == {verdict: next_state(verdict) for verdict in Verdict}
    assert set(expected.values()) <= STEPS[EffectState.SENDING]


def test_the_steps_are_those_of_the_design_and_no_others() -> None:
    drawn = """
        planned -> sending cancelled
        sending -> done refused_stale failed unknown planned
        unknown -> done sending needs_person
        needs_person -> done cancelled
        done -> superseded
        refused_stale ->
        failed ->
        cancelled ->
        superseded ->
    """
    expected = {}
    for line in drawn.strip().splitlines():
        start, _, ends = line.partition("->")
        expected[EffectState(start.strip())] = {EffectState(end) for end in ends.split()}
    assert expected == {state: set(steps) for state, steps in STEPS.items()}
    assert set(EffectState) == set(STEPS)


def test_whatever_may_be_in_the_books_counts_as_live() -> None:
    """Live is exactly what is done or may still become done; so nothing that ended undone blocks a new receipt."""

    def reaches_done(state: EffectState, passed: frozenset[EffectState] = frozenset()) -> bool:
        return state is EffectState.DONE or any(reaches_done(end, passed | {state}) for end in STEPS[state] - passed - {state})

    assert {state for state in EffectState if reaches_done(state)} == set(LIVE_STATES)
    assert len(LIVE_STATES) == len(set(LIVE_STATES))


def test_unknown_never_becomes_a_failure_by_itself() -> None:
    assert STEPS[EffectState.UNKNOWN].isdisjoint({EffectState.FAILED, EffectState.CANCELLED, EffectState.PLANNED})


def test_a_key_is_the_same_for_ever() -> None:
    """These are in the books and in vendors' memories already: another value would post everything again."""
    assert "p5llzyyyboppnvnj6jgr64p7tfbf5wjpur7r" == effect_key("acme", "TX-1", "receipt/1", 0)
    assert "rn-ircq7uxfr6h7xh7t.1.0" == marker("acme", "TX-1", 1, 0)


WORDS = st.text(st.sampled_from("ab|\\/.\x1f0é"), max_size=5)
INTENT = st.tuples(WORDS, WORDS, WORDS, st.integers(0, 30))


@given(first=INTENT, second=INTENT)
def test_different_intents_have_different_keys(first: tuple[str, str, str, int], second: tuple[str, str, str, int]) -> None:
    assume(first != second)
    assert effect_key(*first) != effect_key(*second)


@given(intent=INTENT)
def test_a_key_has_36_plain_characters(intent: tuple[str, str, str, int]) -> None:
    assert re.fullmatch(r"[a-z2-7]{36}", effect_key(*intent))


def test_every_argument_and_every_delimiter_trick_makes_another_key() -> None:
    intents: list[tuple[str, str, str, int]] = [
        *(
            ("a", "b", "c", 0),
            ("b", "a", "c", 0),
            ("a", "b", "c", 1),
            ("a", "b", "c2", 0),
            ("a", "b2", "c", 0),
            ("a2", "b", "c", 0),
        ),
        *(
            ("a|b", "", "c", 0),
            ("a", "|b", "c", 0),
            ("a", "b|", "c", 0),
            ("a", "b|c", "", 0),
            ("", "a|b", "c", 0),
            ("a|b|c", "", "", 0),
        ),
        *(("a\\", "b", "c", 0), ("a\\|b", "", "c", 0), ("a\\|", "b", "c", 0), ("a\\\\|b", "", "c", 0), ("a", "\\|b", "c", 0)),
        *(
            ("a", "b", "c|0", 0),
            ("a", "b", "c", 10),
            ("a", "b", "c1", 0),
            ("A", "b", "c", 0),
            ("a ", "b", "c", 0),
            ("", "", "", 0),
        ),
    ]
    assert len(intents) == len({effect_key(*intent) for intent in intents})
    pairs = {(company, transaction_number) for company, transaction_number, _, _ in intents}
    assert len(pairs) == len({marker_stem(*pair) for pair in pairs})


def test_a_hundred_generations_have_a_hundred_keys() -> None:
    assert 100 == len({effect_key("acme", "TX-1", "receipt/1", generation) for generation in range(100)})


@given(company=WORDS, number=WORDS, part=st.integers(1, 999), generation=st.integers(0, 999))
def test_a_marker_begins_with_the_stem_of_its_payment(company: str, number: str, part: int, generation: int) -> None:
    stem = marker_stem(company, number)
    assert re.fullmatch(r"rn-[a-z2-7]{16}", stem)
    assert f"{stem}.{part}.{generation}" == marker(company, number, part, generation)


def test_markers_are_found_in_a_memo_as_they_were_written() -> None:
    first, second = marker("acme", "TX-1", 1, 0), marker("acme", "TX-2", 12, 345)
    assert (first, second) == markers_in(f"Portal payment TX-1 {first}\ncopied from [{second}]; rn-nothing.1.0 rn-{'a' * 15}.1.1")
    assert () == markers_in("")


@given(first=st.tuples(WORDS, WORDS), second=st.tuples(WORDS, WORDS))
def test_no_stem_is_another_payments(first: tuple[str, str], second: tuple[str, str]) -> None:
    assume(first != second)
    assert marker_stem(*first) != marker_stem(*second)


STAMP = Stamp("dana", datetime(2026, 1, 5, tzinfo=UTC))
AN_INVOICE = Invoice("1", "INV-1", "C1", "USD", 100, 60, InvoiceStatus.OPEN, date(2026, 1, 1), "v1", STAMP, STAMP)
APPLIED = (CreditApplication("a1", "m1", "CM-1", "1", 40, STAMP), CreditApplication("a2", "m1", "CM-1", "2", 10, STAMP))
A_MEMO = CreditMemo("m1", "CM-1", "C1", "USD", 100, 50, date(2026, 1, 1), "v1", STAMP, STAMP, APPLIED)
LINES = (ReceiptLine("1", 60), ReceiptLine("2", 20))
A_RECEIPT = Receipt(
    *(
        "r1",
        "R-1",
        "C1",
        "USD",
        100,
        20,
        date(2026, 1, 5),
        "card",
        "TX-1",
        "memo",
        "Bank",
        False,
        False,
        "v1",
        STAMP,
        STAMP,
        LINES,
    )
)
A_CUSTOMER = Customer("C1", "Bluebird", True, "v1", STAMP, STAMP)
LATER = Stamp("kim", datetime(2026, 2, 1, tzinfo=UTC))


@pytest.mark.parametrize("document", [AN_INVOICE, A_MEMO, A_RECEIPT, A_CUSTOMER], ids=lambda document: type(document).__name__)
def test_a_bumped_version_changes_no_fact(document: Invoice | CreditMemo | Receipt | Customer) -> None:
    assert facts_of(document) == facts_of(replace(document, version="v2", changed=LATER))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (AN_INVOICE, replace(AN_INVOICE, status=InvoiceStatus.VOIDED)),
        (AN_INVOICE, replace(AN_INVOICE, open_minor=59)),
        (AN_INVOICE, replace(AN_INVOICE, customer_id="C2")),
        (AN_INVOICE, replace(AN_INVOICE, currency="EUR")),
        (AN_INVOICE, Gone("invoice", "1")),
        (A_MEMO, replace(A_MEMO, open_minor=49)),
        (A_MEMO, replace(A_MEMO, applications=A_MEMO.applications[:1])),
        (A_RECEIPT, replace(A_RECEIPT, voided=True)),
        (A_RECEIPT, replace(A_RECEIPT, deposited=True)),
        (A_RECEIPT, replace(A_RECEIPT, lines=A_RECEIPT.lines[:1])),
        (A_CUSTOMER, replace(A_CUSTOMER, active=False)),
        (A_CUSTOMER, replace(A_CUSTOMER, merged_into="C2")),
    ],
)
def test_what_a_decision_rests_on_changes_the_facts(
    before: Invoice | CreditMemo | Receipt | Customer, after: Invoice | CreditMemo | Receipt | Customer | Gone
) -> None:
    assert facts_of(before) != facts_of(after)


def test_the_order_in_which_the_books_list_lines_changes_no_fact() -> None:
    assert facts_of(A_RECEIPT) == facts_of(replace(A_RECEIPT, lines=A_RECEIPT.lines[::-1]))
    assert facts_of(A_MEMO) == facts_of(replace(A_MEMO, applications=A_MEMO.applications[::-1]))


def test_a_receipt_keeps_on_account_what_its_lines_leave() -> None:
    write = ReceiptWrite("C1", "USD", 100, date(2026, 1, 5), "card", "TX-1", "memo", "Bank", LINES)
    assert (EffectKind.RECEIPT, 20) == (write.kind, write.on_account_minor)
