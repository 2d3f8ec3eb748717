"""The three stories of the support page, told through the command line alone, on strict and on swallowing books."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import CommandLine, copied, load_books, read_rows, write_settings

ENTERED_AT = "2026-03-04T11:30"  # in Chicago, the day after the customer paid
ENTERED_AT_UTC = "2026-03-04T17:30:00+00:00"
FIRST = ("TXN-1", "Hooli", "500.00", "1042:500.00")
SECOND = ("TXN-2", "Hooli", "500.00", "1043:500.00")


# A command takes about a second, so each story's beginning is told once for each temper, and its folder copied.


@pytest.fixture(scope="session", params=["strict", "swallowing"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """Books with two customers and three invoices, looked at by a first sync."""
    made = write_settings(tmp_path_factory.mktemp(request.param), temper=request.param)
    load_books(
        made,
        {"H": "Hooli", "G": "Globex"},
        [("1042", "Hooli", "500.00"), ("1043", "Hooli", "500.00"), ("1044", "Globex", "120.00")],
    )
    made.sync()
    return made


@pytest.fixture(scope="session")
def after_credit(opened: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """Hooli pays invoice 1042, the bookkeeper then applies credit memo CM-77 to it, and a sync finds out."""
    acme = copied(opened, tmp_path_factory.mktemp("credit"))
    acme.take_in(FIRST)
    credit(acme)
    assert (1, []) == (acme.sync()["failed"], acme.receipts())
    return acme


@pytest.fixture(scope="session")
def after_hand_entry(opened: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """Hooli pays twice 500.00; the bookkeeper enters one receipt by hand, and voids the other payment's invoice."""
    acme = copied(opened, tmp_path_factory.mktemp("hand"))
    acme.take_in(FIRST, SECOND)
    acme.books("receipt", "Hooli", "500.00", "--on", "2026-03-04", "--reference", "TXN-1", "--to", "1042:500.00", at=ENTERED_AT)
    acme.books("void-invoice", "1043", at=ENTERED_AT)
    assert 2 == acme.sync()["failed"]
    return acme


@pytest.fixture(scope="session")
def after_recreation(opened: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """Hooli pays invoice 1042, and the bookkeeper deletes it and makes it again with the same number."""
    acme = copied(opened, tmp_path_factory.mktemp("recreated"))
    acme.take_in(FIRST)
    acme.books("recreate-invoice", "1042", at=ENTERED_AT)
    assert 1 == acme.sync()["failed"]
    return acme


@pytest.fixture
def credited(after_credit: CommandLine, tmp_path: Path) -> CommandLine:
    return copied(after_credit, tmp_path)


@pytest.fixture
def hand_entered(after_hand_entry: CommandLine, tmp_path: Path) -> CommandLine:
    return copied(after_hand_entry, tmp_path)


@pytest.fixture
def recreated(after_recreation: CommandLine, tmp_path: Path) -> CommandLine:
    return copied(after_recreation, tmp_path)


def credit(acme: CommandLine) -> None:
    """80.00 of credit memo CM-77 on invoice 1042, the day after the customer paid it."""
    acme.books("credit-memo", "CM-77", "--customer", "Hooli", "--amount", "80.00", "--on", "2026-03-04", at=ENTERED_AT)
    acme.books("apply-credit", "CM-77", "--to", "1042", "--amount", "80.00", at=ENTERED_AT)


def left_on_memo(acme: CommandLine) -> int:
    """What is left on the only credit memo, in minor units, by the books' own file."""
    ((left,),) = read_rows(acme.books_file, "SELECT open_minor FROM credit_memos")
    return int(left)


def hand_receipt(acme: CommandLine) -> str:
    """The id of the only receipt."""
    ((receipt_id,),) = read_rows(acme.books_file, "SELECT id FROM receipts")
    return str(receipt_id)


# --- the credit memo --------------------------------------------------------------------------------------------------


def test_credit_memo_is_named_with_who_applied_it_and_when(credited: CommandLine) -> None:
    found = credited.failing()

    assert ("credit_memo_applied", "unapply_credit_memo", "certain") == (found["cause"], found["remedy"], found["confidence"])
    named = [(fact["person"], fact["at"]) for fact in found["because"] if "CM-77" in fact["document"]]
    assert [("Bea Bookkeeper", ENTERED_AT_UTC)] == named
    assert {"keep_on_account", "retry", "dismiss"} == set(found["alternatives"])


def test_credit_memo_unapplied_by_hand_lets_the_next_sync_post_with_nobody_pressing(credited: CommandLine) -> None:
    credited.books("unapply-credit", "CM-77", "--from", "1042", at="")

    counts = credited.sync()

    assert (1, 1) == (counts["put_right"], counts["verified"])
    assert [("TXN-1", 50_000, 0)] == credited.receipts()
    ended = credited.ended()
    assert ("resolved", "put_right", "Bea Bookkeeper") == (ended["state"], ended["resolution"], ended["resolved_by"])
    assert ("verified", [(0,)], []) == (
        credited.state(),
        credited.rows("SELECT count(*) FROM decision"),
        credited.unsettled(),
    )


def test_deciding_to_unapply_posts_and_leaves_the_credit_open(credited: CommandLine) -> None:
    told = credited.answer("decide", "TXN-1", "unapply_credit_memo", "--as", "dana")

    assert ("done", "verified") == (told["state"], told["payment"])
    assert ([("TXN-1", 50_000, 0)], 8_000, []) == (credited.receipts(), left_on_memo(credited), credited.unsettled())
    ended = credited.ended()
    assert ("carried_out", "dana") == (ended["resolution"], ended["resolved_by"])


def test_reapplying_puts_back_what_still_fits_beside_the_payment(opened: CommandLine, tmp_path: Path) -> None:
    acme = copied(opened, tmp_path)
    acme.take_in(("TXN-1", "Hooli", "450.00", "1042:450.00"))
    credit(acme)
    acme.sync()

    told = acme.answer("decide", "TXN-1", "unapply_credit_memo", "--as", "dana", "--reapply")

    assert ("done", "verified") == (told["state"], told["payment"])
    assert ([("TXN-1", 45_000, 0)], 3_000, []) == (acme.receipts(), left_on_memo(acme), acme.unsettled())
    assert [(0,)] == read_rows(acme.books_file, "SELECT open_minor FROM invoices JOIN documents USING (id) WHERE number = '1042'")


def test_credit_memo_taken_off_before_the_decision_makes_it_stale_and_writes_nothing(credited: CommandLine) -> None:
    credited.books("unapply-credit", "CM-77", "--from", "1042", at="")

    ran = credited.run("decide", "TXN-1", "unapply_credit_memo", "--as", "dana", "--json")

    assert (1, "stale", []) == (ran.code, ran.json["state"], credited.receipts())
    credited.sync()
    assert ([("TXN-1", 50_000, 0)], 8_000) == (credited.receipts(), left_on_memo(credited))


def test_other_payments_of_the_same_customer_tell_nothing_new_about_a_failure(credited: CommandLine) -> None:
    """Otherwise every receipt of a busy customer would make stale what a person is about to decide."""
    told = "SELECT count(*) FROM evidence JOIN failure ON failure.id = failure_id WHERE transaction_number = 'TXN-1'"
    before = credited.rows(told)
    credited.take_in(SECOND, name="second.csv")

    assert 1 == credited.sync()["verified"]

    assert before == credited.rows(told)


# --- the receipt entered by hand --------------------------------------------------------------------------------------


def test_receipt_entered_by_hand_is_the_proof_of_a_dismissal(hand_entered: CommandLine) -> None:
    found = hand_entered.failing()
    assert ("receipt_already_entered", "dismiss", "certain") == (found["cause"], found["remedy"], found["confidence"])

    told = hand_entered.answer("decide", "TXN-1", "dismiss", "--as", "dana", "--reason", "entered by hand")

    assert ("done", "dismissed") == (told["state"], told["payment"])
    (proof,) = hand_entered.answer("show", "TXN-1")["proofs"]
    assert (hand_receipt(hand_entered), 50_000, None) == (proof["receipt_id"], proof["amount_minor"], proof["withdrawn_at"])
    hand_entered.sync()
    assert [("TXN-1", 50_000, 0)] == hand_entered.receipts()


def test_second_payment_cannot_rest_on_the_same_money(hand_entered: CommandLine) -> None:
    receipt_id = hand_receipt(hand_entered)
    hand_entered.answer("decide", "TXN-1", "dismiss", "--as", "dana")
    hand_entered.sync()

    named = hand_entered.run("decide", "TXN-2", "dismiss", "--as", "dana", "--proof", f"#{receipt_id}", "--json")
    unproven = hand_entered.run("decide", "TXN-2", "dismiss", "--as", "dana", "--json")

    assert (1, "") == (named.code, named.out)
    assert "cannot be the proof: other dismissed payments already rest on its money." in named.err
    assert (0, "waiting_approval", "failed") == (unproven.code, unproven.json["state"], unproven.json["payment"])
    claims = hand_entered.rows("SELECT receipt_id, amount_minor, claimed_minor FROM receipt_claim")
    assert [(receipt_id, 50_000, 50_000)] == claims


def test_what_waits_for_a_second_person_is_taken_back_without_slack(hand_entered: CommandLine) -> None:
    assert "waiting_approval" == hand_entered.answer("decide", "TXN-2", "dismiss", "--as", "dana")["state"]
    assert 1 == hand_entered.run("decide", "TXN-2", "escalate", "--as", "dana").code
    assert 1 == hand_entered.run("reopen", "TXN-2", "--as", "nobody").code

    hand_entered.answer("reopen", "TXN-2", "--as", "dana")

    assert [("dismiss", "refused")] == hand_entered.rows("SELECT remedy, state FROM decision")
    assert "failed" == hand_entered.state("TXN-2")
    assert "waiting_approval" == hand_entered.answer("decide", "TXN-2", "dismiss", "--as", "dana")["state"]
    assert 1 == hand_entered.run("reopen", "TXN-1", "--as", "dana").code  # nothing to take back there


def test_reopening_gives_the_money_back_and_posts_nothing_by_itself(hand_entered: CommandLine) -> None:
    receipt_id = hand_receipt(hand_entered)
    hand_entered.answer("decide", "TXN-1", "dismiss", "--as", "dana")
    assert 1 == hand_entered.run("reopen", "TXN-1", "--as", "nobody").code

    hand_entered.answer("reopen", "TXN-1", "--as", "dana")
    hand_entered.books("void-receipt", f"#{receipt_id}", at="")
    hand_entered.sync()

    assert [(receipt_id, 0)] == hand_entered.rows("SELECT receipt_id, claimed_minor FROM receipt_claim")
    assert ("failed", []) == (hand_entered.state(), hand_entered.receipts())  # it would fit; the check may have bounced
    assert "done" == hand_entered.answer("decide", "TXN-1", "recreate_receipt", "--as", "dana")["state"]
    hand_entered.sync()
    assert [("TXN-1", 50_000, 0)] == hand_entered.receipts()


def test_money_given_back_can_stand_for_the_other_payment(hand_entered: CommandLine) -> None:
    hand_entered.answer("decide", "TXN-1", "dismiss", "--as", "dana")
    hand_entered.answer("reopen", "TXN-1", "--as", "dana")
    hand_entered.sync()

    told = hand_entered.answer("decide", "TXN-2", "dismiss", "--as", "dana", "--proof", f"#{hand_receipt(hand_entered)}")

    assert ("done", "dismissed") == (told["state"], told["payment"])
    claimed = hand_entered.rows("SELECT transaction_number, amount_minor FROM proof WHERE withdrawn_at IS NULL")
    assert [("TXN-2", 50_000)] == claimed


# --- the invoice made again -------------------------------------------------------------------------------------------


def test_receipt_is_recreated_on_the_invoice_that_was_made_again(recreated: CommandLine) -> None:
    found = recreated.failing()
    assert ("invoice_recreated", "recreate_receipt", "certain") == (found["cause"], found["remedy"], found["confidence"])

    told = recreated.answer("decide", "TXN-1", "recreate_receipt", "--as", "dana")

    assert ("done", "verified") == (told["state"], told["payment"])
    assert [("TXN-1", 50_000, 0)] == recreated.receipts()
    deleted, successor = (
        str(row[0])
        for row in read_rows(recreated.books_file, "SELECT id FROM documents WHERE number = '1042' ORDER BY created_at")
    )
    assert [(successor, 50_000)] == read_rows(recreated.books_file, "SELECT invoice_id, amount_minor FROM receipt_lines")
    story = recreated.answer("show", "TXN-1")
    bound = [
        (binding["binding"]["version"], binding["binding"]["invoice_id"], binding["binding"]["bound_by"])
        for binding in story["bindings"]
    ]
    assert [(1, deleted, "sync"), (2, successor, "dana")] == bound
    assert (1, [1]) == (story["payment"]["generation"], [effect["generation"] for effect in story["effects"]])


def test_person_names_the_successor_where_two_are_possible(recreated: CommandLine) -> None:
    other = recreated.books("invoice", "1042", "--customer", "Hooli", "--amount", "500.00", "--on", "2026-03-04", at=ENTERED_AT)
    recreated.sync()

    unnamed = recreated.run("decide", "TXN-1", "recreate_receipt", "--as", "dana", "--json")
    assert (1, "refused", []) == (unnamed.code, unnamed.json["state"], recreated.receipts())
    assert f"#{other['id']}" in unnamed.json["outcome"]
    told = recreated.answer("decide", "TXN-1", "recreate_receipt", "--as", "dana", "--successor", f"#{other['id']}")

    assert ("done", "verified") == (told["state"], told["payment"])
    assert [(other["id"], 50_000)] == read_rows(recreated.books_file, "SELECT invoice_id, amount_minor FROM receipt_lines")


def test_invoice_of_another_customer_is_never_a_successor(recreated: CommandLine) -> None:
    ran = recreated.run("decide", "TXN-1", "recreate_receipt", "--as", "dana", "--successor", "1044", "--json")

    assert (1, "refused", []) == (ran.code, ran.json["state"], recreated.receipts())


def test_invoice_made_again_before_we_ever_saw_the_old_one_is_only_likely(tmp_path: Path) -> None:
    acme = write_settings(tmp_path)
    load_books(acme, {"H": "Hooli"}, [("1042", "Hooli", "500.00")])
    acme.take_in(FIRST)
    acme.books("recreate-invoice", "1042", at=ENTERED_AT)
    acme.sync()

    found = acme.failing()

    assert ("invoice_recreated", "recreate_receipt", "likely") == (found["cause"], found["remedy"], found["confidence"])
    assert "verified" == acme.answer("decide", "TXN-1", "recreate_receipt", "--as", "dana")["payment"]
    assert [("TXN-1", 50_000, 0)] == acme.receipts()
