"""One of us in a process of its own that dies, as by kill -9, right after Tryton created its statement."""

from __future__ import annotations

import sys

from accounting_peers import a_receipt_write, an_order
from makers import CHICAGO, ManualClock
from tryton_people import JOURNAL
from tryton_scene import calls

from accounting.tryton.connector import TrytonBooks
from receivables.effects import Dispatch


def main() -> None:
    url, database, customer, invoice = sys.argv[1:]
    clock = ManualClock()
    line = calls(url, database, clock)
    line.writes_until_cut, line.kills = 1, True
    order = an_order(a_receipt_write(customer, lines=((invoice, 50_000),)))
    TrytonBooks(line, clock, statement_journal=JOURNAL, time_zone=CHICAGO).write(
        Dispatch("dispatch", (order,), clock.monotonic() + 60.0)
    )


if __name__ == "__main__":
    main()
