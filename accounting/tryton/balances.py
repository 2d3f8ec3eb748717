"""What Tryton's accounts hold at the end of a day: those behind the statement journals, and those of receivables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date

from accounting.tryton.session import Session
from accounting.tryton.values import minor
from receivables.books_records import Balances
from receivables.errors import BooksRefused

WHY_NOT = "Tryton tells the journal of a receipt, not its account. Take it from Financial › Reporting › General Ledger."
REFUSED = "Tryton refused to tell the balances of its accounts. Take it from Financial › Reporting › General Ledger."
NO_YEAR = "Tryton has no fiscal year for the end of this month, and tells no balance without one."


def at_end_of(day: date, session: Session, home: str) -> Balances:
    """Sums in the home currency; an account is known by the statement journals that put money into it, and no other."""
    try:
        return _read(day, session, home)
    except BooksRefused:
        return Balances(why_not=REFUSED)


def _read(day: date, session: Session, home: str) -> Balances:
    ours = ("company", "=", session.company)
    if not session.search_read("account.fiscalyear", [ours, ("start_date", "<=", day), ("end_date", ">=", day)], ["name"]):
        return Balances(why_not=NO_YEAR)
    behind: dict[str, set[int]] = defaultdict(set)
    for journal in session.search_read("account.statement.journal", [ours], ["journal.name", "account"]):
        behind[journal["journal."]["name"]].add(journal["account"])
    owed = [row["id"] for row in session.search_read("account.account", [ours, ("type.receivable", "=", True)], ["name"])]
    held = _held(session, {account for accounts in behind.values() for account in accounts} | set(owed), day, home)
    return Balances(
        accounts={(home, name): held[min(accounts)] for name, accounts in behind.items() if len(accounts) == 1},
        receivables={home: sum(held[account] for account in owed)},
        in_home_currency=True,
        why_not=WHY_NOT,
    )


def _held(session: Session, accounts: Collection[int], day: date, home: str) -> dict[int, int]:
    """What each holds by itself, in minor units, drafts among it, as Tryton's own balances have them."""
    rows = session.read("account.account.read", sorted(accounts), ["balance"], date=day, flat_balance=True)
    return {row["id"]: minor(row["balance"], home) for row in rows}
