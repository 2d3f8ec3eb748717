"""One payment that cannot be diagnosed is left to a person, and all others are diagnosed: also when it kills the process."""

from __future__ import annotations

import signal
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from command_line import CommandLine, load_books, run_process, write_settings
from evidence_makers import WORDS
from scene import Scene
from test_app_crashes import later

import rules
from receivables.diagnosis import Cause, Confidence, Diagnosis, Remedy
from receivables.evidence import Evidence
from receivables.failpoints import ARMED_BY
from receivables.payment import FeedStatus
from rules import EngineFailed, diagnose
from storage import kept_evidence

NUMBERS = ("TXN-1", "TXN-2", "TXN-3")
ENTERED = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)


def three_failures(scene: Scene) -> None:
    """Three payments of 500.00, each for an invoice of 400.00."""
    hooli = scene.customer()
    for place, number in enumerate(NUMBERS):
        scene.invoice(f"104{place}", hooli, 40_000)
        scene.pay(number, to={f"104{place}": 50_000})


def causes(scene: Scene) -> dict[str, tuple[Cause | None, str]]:
    """The cause of each failure, and the rule that found it."""
    found = {number: scene.failing(number) for number in NUMBERS}
    return {
        number: (failure.cause, failure.diagnosis.primary.rule if failure.diagnosis else "") for number, failure in found.items()
    }


def test_an_engine_that_fails_on_one_payment_leaves_that_one_to_a_person(scene: Scene) -> None:
    def fails_on_the_second(read: Evidence) -> Diagnosis:
        if read.payment.transaction_number == "TXN-2":
            raise EngineFailed("the rules engine did not judge all facts")
        return diagnose(read)

    three_failures(scene)
    scene.with_rules(fails_on_the_second)

    counts = scene.sync()

    assert (2, 1) == (counts.diagnosed, counts.left_to_person)
    differs = (Cause.OVERPAYMENT, "amount_over_invoice")
    assert {"TXN-1": differs, "TXN-2": (Cause.UNIDENTIFIED, "diagnosis_failed"), "TXN-3": differs} == causes(scene)
    left = scene.failing("TXN-2").diagnosis
    assert left is not None
    assert (Remedy.ESCALATE, Confidence.UNIDENTIFIED) == (left.primary.remedy, left.primary.confidence)
    assert ("everything: the rules engine did not finish",) == rules.not_checked(left, WORDS)


def test_what_was_left_to_a_person_is_judged_again_when_the_books_say_something_new(scene: Scene) -> None:
    def fails(_: Evidence) -> Diagnosis:
        raise EngineFailed("the rules engine did not judge all facts")

    three_failures(scene)
    scene.with_rules(fails)
    scene.sync()
    scene.with_rules(diagnose)

    assert 0 == scene.sync().diagnosed  # the same evidence is not tried again
    (invoice,) = (invoice for invoice in scene.ledger.invoices() if invoice.number == "1040")
    scene.ledger.void_invoice(invoice.id, by="erin", at=ENTERED)

    assert 1 == scene.sync().diagnosed
    assert Cause.INVOICE_VOIDED is scene.failing("TXN-1").cause


def test_a_bug_in_a_rule_stops_one_sync_and_is_not_met_again(scene: Scene) -> None:
    def crashes_on_the_first(read: Evidence) -> Diagnosis:
        if read.payment.transaction_number == "TXN-1":
            raise ZeroDivisionError
        return diagnose(read)

    three_failures(scene)
    scene.with_rules(crashes_on_the_first)
    with pytest.raises(ZeroDivisionError):
        scene.sync()
    scene.clock.advance(61)

    counts = scene.sync()

    assert (2, 1) == (counts.diagnosed, counts.left_to_person)
    assert (Cause.UNIDENTIFIED, "diagnosis_failed") == causes(scene)["TXN-1"]


def test_evidence_that_kills_the_process_is_left_to_a_person_and_the_others_are_diagnosed(tmp_path: Path) -> None:
    acme = write_settings(tmp_path)
    load_books(acme, {"H": "Hooli"}, [(f"104{place}", "Hooli", "400.00") for place in range(3)])
    acme.take_in(*((number, "Hooli", "500.00", f"104{place}:500.00") for place, number in enumerate(NUMBERS)))

    ran = run_process(acme.words("sync"), {ARMED_BY: "diagnosis.after_attempt:2"})
    assert -signal.SIGKILL == ran.code, ran.err
    begun = acme.rows("SELECT state, count(*) FROM diagnosis GROUP BY state ORDER BY state")
    assert [("done", 1), ("started", 1)] == begun

    acme.sync()  # at once: what was being judged may still be under way elsewhere, the third is judged now
    assert [("done", 2), ("started", 1)] == acme.rows("SELECT state, count(*) FROM diagnosis GROUP BY state ORDER BY state")
    later(acme, 70)

    by_cause = acme.rows("SELECT cause, count(*) FROM failure GROUP BY cause ORDER BY cause")
    assert [("overpayment", 2), ("unidentified", 1)] == by_cause
    (left,) = (failure for failure in acme.answer("failures") if failure["cause"] == "unidentified")
    assert ("escalate", "diagnosis_failed") == (left["remedy"], left["because"][0]["fact"])
    assert_explained(acme, left["transaction"])


def assert_explained(acme: CommandLine, number: str) -> None:
    """What the engine did not end is still explained, because explaining does not ask the engine."""
    said = acme.answer("explain", number)
    assert ("unidentified", "diagnosis_failed") == (said["cause"], said["rule"])
    assert ["amount_over_invoice"] == [rule["rule"] for rule in said["rules"] if rule["fired"]]


def test_money_that_went_back_is_never_posted_whatever_else_is_wrong(scene: Scene) -> None:
    three_failures(scene)
    scene.sync()
    with scene.db.read() as connection:
        read = kept_evidence.get(connection, "acme", scene.failing().evidence_id or "")
    for status in (FeedStatus.RETURNED, FeedStatus.REFUNDED):
        said = diagnose(replace(read, payment=replace(read.payment, status=status)))
        offered = {said.primary.remedy, *said.primary.alternatives, *(finding.remedy for finding in said.runners_up)}
        assert {Remedy.DISMISS, Remedy.ESCALATE} == offered
