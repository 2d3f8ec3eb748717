"""A company: one set of books with its calendar, its feed and its policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from receivables.credit_reasons import CreditWords
from receivables.words import Words, day_of


@dataclass(frozen=True)
class Company:
    """What an administrator says about one company. `start_on` is required: nothing paid earlier is posted."""

    id: str
    name: str
    time_zone: ZoneInfo
    start_on: date
    writes: bool = False
    sync_every_seconds: int = 3600
    large_percentage: int = 10
    deposit_accounts: Mapping[str, str] = field(default_factory=dict)  # "card/USD", then "USD", then "default"
    hand_receipt_days: int = 7  # how far a receipt entered by hand may lie from the payment's day
    locale: str = "en_US"  # one of receivables.words.LOCALES
    credit_words: CreditWords = field(default_factory=CreditWords)
    small_credits: Mapping[str, int] = field(default_factory=dict)  # by currency: what one person may leave on account for long
    materiality: Mapping[str, int] = field(default_factory=dict)  # by currency: above it a closed month may be reopened
    package: str = ""  # where its books are kept, as people call it: "QuickBooks"
    documents: Mapping[str, str] = field(default_factory=dict)  # by our word for one, the package's own: "credit note"
    solo: bool = False  # an office of one: nobody else can decide about what its one person made
    daily_summary: bool = False  # told in the channel of its cards each working morning
    close_day: int = 0  # the day of the next month on which a month is closed; 0 where the company does not say

    @property
    def words(self) -> Words:
        """How amounts, days and moments are written for this company."""
        return Words(self.locale, self.time_zone)

    def day_of(self, moment: datetime) -> date:
        """The company's own calendar day of a moment; it decides the receipt's date, and so the period."""
        return day_of(moment, self.time_zone)

    def start_of(self, day: date) -> datetime:
        """The moment (UTC) at which a day begins for this company."""
        return datetime.combine(day, time.min, self.time_zone).astimezone(UTC)

    def latest(self, hour: int, now: datetime) -> datetime:
        """The newest moment (UTC), not after `now`, at which it was this hour of the day for this company."""
        today = datetime.combine(self.day_of(now), time(hour), self.time_zone)
        newest = today if today <= now else today - timedelta(days=1)  # the same hour on the wall, a day earlier
        return newest.astimezone(UTC)

    def is_material(self, amount_minor: int, currency: str) -> bool:
        """Whether the company would reopen a closed month for this amount (minor units); never where it says nothing."""
        return currency in self.materiality and amount_minor > self.materiality[currency]

    def deposit_account(self, method: str, currency: str) -> str:
        """Where money of this method and currency is deposited, or "" for the package's own default."""
        accounts = self.deposit_accounts
        return accounts.get(f"{method}/{currency}") or accounts.get(currency) or accounts.get("default") or ""
