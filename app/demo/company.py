"""The demo's company: its customers and invoices, two dozen payments in a CSV file, and who may decide.

Every moment is counted back from the moment the demo starts, so that it is always about last week.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from receivables.money import text_from_minor
from receivables.words import day_of

COMPANY = "acme"
TIME_ZONE = ZoneInfo("UTC")
BOOKS_FILE = "acme-books.sqlite"
BOOKKEEPER = "Bea Bookkeeper"
CONTROLLER = "dana"

CUSTOMERS = ("Hooli", "Globex", "Initech", "Umbrella Parts", "Vandelay", "Wonka Foods", "Stark Tools", "Cyberdyne")
#: number, customer, amount in cents; each is paid by the payment of the same place below
INVOICES: tuple[tuple[str, str, int], ...] = (
    ("1001", "Hooli", 50_000),
    ("1002", "Globex", 120_000),
    ("1003", "Initech", 8_999),
    ("1004", "Umbrella Parts", 64_000),
    ("1005", "Vandelay", 33_300),
    ("1006", "Wonka Foods", 245_010),
    ("1007", "Stark Tools", 7_500),
    ("1008", "Cyberdyne", 99_900),
    ("1009", "Hooli", 15_000),
    ("1010", "Globex", 42_000),
    ("1011", "Initech", 18_450),
    ("1012", "Umbrella Parts", 5_005),
    ("1013", "Vandelay", 71_000),
    ("1014", "Wonka Foods", 26_000),
    ("1015", "Stark Tools", 88_800),
    ("1016", "Cyberdyne", 12_345),
    ("1017", "Hooli", 60_000),
    ("1018", "Globex", 31_000),
    ("1019", "Initech", 54_000),
    ("1020", "Umbrella Parts", 20_000),
    ("1021", "Vandelay", 45_500),
    ("1022", "Wonka Foods", 9_900),
    ("1023", "Stark Tools", 150_000),
    ("1024", "Cyberdyne", 22_200),
)
EARLY_CREDIT = ("1010", "CM-70", 17_000)  # applied days before the customer paid the old amount
EARLIER = ("CB-2000", "Hooli", 11_100)  # paid before the company's start: never posted

EMBEDDED = f"""\
kind = "embedded"
file = "{BOOKS_FILE}"
temper = "swallowing\""""
FEW_PAYMENTS = """\
# One failure of every kind is far more than 10% of so few payments,
# so the failure rate at which an escalation begins is set higher here than you would set it.
large_percentage = 60
"""
SETTINGS = """\
# Written by the demo.
[database]
url = "sqlite:///resolve-now.sqlite"

[[company]]
id = "acme"
name = "Acme Networks"
time_zone = "{time_zone}"
start_on = {start_on}
writes = "on"
sync_every_minutes = 1
{limit}[company.books]
{books}
[company.deposit_accounts]
default = "Undeposited Funds"

{slack}
[[person]]
id = "dana"
name = "Dana Reyes"
books_names = ["dana"]
slack = [{dana}]
[[person.may]]
company = "acme"
remedies = [
  "unapply_credit_memo", "recreate_receipt", "dismiss", "not_duplicate", "match", "apply_receipt", "keep_on_account",
  "post_on_open_day", "record_return", "void_receipt",
  "accept_correction", "retry", "wait",
]
limits = {{ USD = "10000.00" }}

[[person]]
id = "sam"
name = "Sam Okafor"
slack = [{sam}]
[[person.may]]
company = "acme"
remedies = [
  "unapply_credit_memo", "recreate_receipt", "dismiss", "not_duplicate", "match", "apply_receipt", "keep_on_account",
  "post_on_open_day", "record_return", "void_receipt",
  "accept_correction", "retry", "wait",
]
limits = {{ USD = "500.00" }}
"""


def day(moment: datetime) -> date:
    """The demo company's calendar day."""
    return day_of(moment, TIME_ZONE)


@dataclass(frozen=True)
class Days:
    """The demo's calendar, counted back from `now` (UTC)."""

    now: datetime

    @property
    def invoiced(self) -> datetime:
        return self.now - timedelta(days=20)

    @property
    def start_on(self) -> date:
        return day(self.now - timedelta(days=12))

    @property
    def credited(self) -> datetime:
        """When the early credit memo was applied: before any payment it could have disturbed."""
        return self.now - timedelta(days=9)

    @property
    def closing(self) -> date:
        """The last day of the period that the bookkeeper closes: one early payment is in it."""
        return day(self.now - timedelta(days=9))

    def paid(self, place: int) -> datetime:
        """The early payment ten days ago, the others over the last six days, always in the afternoon."""
        days = 10 if INVOICES[place][0] == "1019" else 2 + place % 5
        return datetime.combine(day(self.now - timedelta(days=days)), time(14, place), TIME_ZONE)


@dataclass(frozen=True)
class InSlack:
    """Where the demo's company and people are in its practice workspace; every field a Slack id."""

    channel: str
    escalations: str
    dana: str  # TEAM/USER
    sam: str


def write_settings(folder: Path, days: Days, slack: InSlack | None = None, books: str = EMBEDDED) -> Path:
    """The configuration file of the demo, with or without a workspace. `books` is what it says about the books."""
    path = folder / "resolve-now.toml"
    section = ""
    if slack is not None:
        tell = slack.dana.partition("/")[2]
        lines = ("[company.slack]", f'channel = "{slack.channel}"', f'escalations = "{slack.escalations}"', f'tell = ["{tell}"]')
        section = "\n".join(lines) + "\n"
    text = SETTINGS.format(
        time_zone=TIME_ZONE.key,
        start_on=days.start_on.isoformat(),
        limit="" if slack else FEW_PAYMENTS,  # in the live demo many more were paid
        books=books,
        slack=section,
        dana=f'"{slack.dana}"' if slack else "",
        sam=f'"{slack.sam}"' if slack else "",
    )
    path.write_text(text, encoding="utf-8")
    return path


def write_payments(folder: Path, days: Days) -> Path:
    """What the portal took, as a CSV file; CB-2001 pays invoice 1001, and so on."""
    path = folder / "payments.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("transaction_number", "customer", "amount", "currency", "paid_at", "method", "invoices"))
        number, customer, amount = EARLIER
        before = days.now - timedelta(days=15)
        rows.writerow((number, customer, text_from_minor(amount, "USD"), "USD", before.isoformat(), "card", ""))
        for place, (invoice, customer, amount) in enumerate(INVOICES):
            text = text_from_minor(amount, "USD")
            method = "card" if place % 3 else "ach"
            paid_at = days.paid(place).isoformat()
            rows.writerow((transaction(invoice), customer, text, "USD", paid_at, method, f"{invoice}:{text}"))
    return path


def transaction(invoice_number: str) -> str:
    """The transaction number of the payment for an invoice."""
    return f"CB-{int(invoice_number) + 1000}"
