"""A return in QuickBooks that waited: a bookkeeper's entry that only names the receipt leaves the receipt as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from faulty_books import Fault, FaultyBooks
from quickbooks_scene import house_over_quickbooks
from stand_ins.quickbooks_side import api_id
from test_accounting_quickbooks_money_out import BANK, CUSTOMER, OWED, _filled, a_journal

from receivables.diagnosis import Remedy
from receivables.payment import FeedStatus, PaymentState
from sync import journey, reconciliation, requests


def test_a_return_that_waited_is_not_recorded_beside_a_journal_entry_by_hand(tmp_path: Path) -> None:
    with house_over_quickbooks(tmp_path) as (house, quickbooks):
        customer = house.customer("Hooli")
        house.invoice("1042", customer, 50_000)
        house.pay("TXN-100001")
        house.sync()
        house.feed(replace(house.payment("TXN-100001").payment, status=FeedStatus.RETURNED, status_at=house.clock.now()))
        house.clock.advance(86_400)
        house.sync()
        line = FaultyBooks(house.desk.books, house.clock)
        house.with_books(line)
        line.faults = [Fault.THROTTLED]
        requests.request(house.desk, "TXN-100001", Remedy.RECORD_RETURN, by="dana", channel="cli")
        journey.finish_once(house.desk)

        by_hand = quickbooks.enter("JournalEntry", _filled(a_journal(OWED, BANK), api_id(customer.id), CUSTOMER))
        for _ in range(2):
            house.clock.advance(200)
            house.sync()

        (receipt,) = house.ledger.receipts()
        entries = house.desk.books.money_out([api_id(receipt.id)])[api_id(receipt.id)]
        assert [by_hand] == [entry.id for entry in entries]
        assert (PaymentState.EXCLUDED, True) == (house.payment("TXN-100001").state, reconciliation.run_once(house.desk).clean)
