"""Payments taken with Stripe: charges, and what later became of their money, as Stripe tells when asked.

Reads three lists, newest first, each with a cursor of its own that always goes back a little: charges, refunds, and
events about disputes. A refund or an event only names a charge; what counts is how the charge stands now, so that it
does not matter in which order anything arrives. `feeds/csv_line.py` reads the fields, as in every other feed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

import stripe

from feeds.csv_line import read_line
from feeds.polled import Page, Record
from feeds.stripe_amounts import minor_of
from receivables import boundary
from receivables.card_numbers import masked
from receivables.company import Company
from receivables.errors import FeedError
from receivables.money import text_from_minor
from receivables.payment import FeedStatus, Payment

RECORDS_PER_PAGE = 100  # the most that Stripe gives
OVERLAP_SECONDS = 2 * 3600  # lists may show a record late; those read twice change nothing
TRIES = 2  # besides the first; only reads are ever sent
SECONDS_PER_CALL = 30
WEBHOOK_TOLERANCE_SECONDS = 300
MOST_DISPUTES = 20  # of one charge; more than one is rare

#: How disputes of a card stand. An inquiry (warning_…) took no money, and one that was won gave it back.
_DISPUTES = {"needs_response": "open", "under_review": "open", "lost": "lost", "won": "won"}
#: Debits of a bank account: a dispute of one is the bank's return, and is over at once.
_BANK_DEBITS = frozenset({"us_bank_account", "ach_debit", "sepa_debit", "bacs_debit", "acss_debit", "au_becs_debit"})
_WALKS = ("charges", "refunds", "disputes")


@dataclass(frozen=True)
class StripeFields:
    """In which metadata of a charge our fields stand; an empty `transaction_number` is the charge's own id."""

    transaction_number: str = ""
    customer: str = "customer"
    customer_id: str = ""
    invoices: str = "invoices"


@dataclass(frozen=True)
class _Cursor:
    """Everything older than `read_to` was read (seconds since 1970). A walk under way is at `after`."""

    read_to: int
    newest: int = 0
    after: str = ""


@dataclass(frozen=True)
class Notice:
    """What a webhook event says: its id, and the charges that should be read."""

    id: str
    charges: tuple[str, ...]


class StripeFeed:
    """A `PolledFeed` of one Stripe account. `api_key` is asked at each call and may raise ConfigurationError."""

    name = "Stripe"
    kind = "stripe"
    walks = _WALKS

    def __init__(self, company: Company, fields: StripeFields, api_key: Callable[[], str], base_url: str = "") -> None:
        self._company = company
        self._fields = fields
        self._api_key = api_key
        self._base_url = base_url
        self._opened: stripe.StripeClient | None = None
        self._tells_fees = True  # until Stripe says that the key may not read balance transactions

    def page(self, walk: str, cursor: str) -> Page:
        """At most 100 records of one list. Raises FeedError and ConfigurationError."""
        begin = int(self._company.start_of(self._company.start_on).timestamp())
        at = _Cursor(**json.loads(cursor)) if cursor else _Cursor(begin)
        with _answers(f"list of {walk}"):
            listed = self._list(walk, at)
            fresh = [entry for entry in listed if entry["created"] > at.read_to]
            records = tuple(self._records(walk, fresh))
        newest = max([at.newest, *(entry["created"] for entry in fresh)])
        if len(listed) == RECORDS_PER_PAGE and len(fresh) == len(listed):
            onward, more = replace(at, newest=newest, after=listed[-1]["id"]), True
        else:
            onward, more = _Cursor(max(at.read_to, newest - OVERLAP_SECONDS)), False
        return Page(records, json.dumps(asdict(onward)), more)

    def look_up(self, record_id: str) -> Record:
        """One charge as it stands now. Raises FeedError and ConfigurationError."""
        with _answers(f"charge {record_id}"):
            try:
                v1 = self._client().v1
                charge = self._with_fee("balance_transaction", lambda more: v1.charges.retrieve(record_id, cast("Any", more)))
                return self._record(charge.to_dict())
            except stripe.InvalidRequestError:
                return Record(record_id, problem="Stripe knows no such charge; check which account the key belongs to")

    def check(self) -> str:
        """Asks for one charge, and says in words that it works. Raises FeedError and ConfigurationError."""
        with _answers("check"):
            self._client().v1.charges.list({"limit": 1})
        return "Stripe answers."

    def _client(self) -> stripe.StripeClient:
        boundary.leaving("Stripe")
        if self._opened is None:
            self._opened = stripe.StripeClient(
                self._api_key(),
                base_addresses={"api": self._base_url} if self._base_url else None,
                max_network_retries=TRIES,
                http_client=stripe.RequestsClient(timeout=SECONDS_PER_CALL),
            )
        return self._opened

    def _list(self, walk: str, at: _Cursor) -> list[dict[str, Any]]:
        """One page, newest first. What is older than the cursor may be among it."""
        page: dict[str, Any] = {"limit": RECORDS_PER_PAGE}
        if at.after:
            page["starting_after"] = at.after
        v1 = self._client().v1
        match walk:
            case "charges":
                newer = page | {"created": {"gt": at.read_to}}
                listed = self._with_fee("data.balance_transaction", lambda more: v1.charges.list(cast("Any", newer | more)))
            case "refunds":
                listed = v1.refunds.list(cast("Any", page))
            case _:
                listed = v1.events.list(cast("Any", page | {"created": {"gt": at.read_to}, "type": "charge.dispute.*"}))
        return [entry.to_dict() for entry in listed.data]

    def _with_fee(self, named: str, ask: Callable[[dict[str, Any]], Any]) -> Any:
        """Asks with the charge's balance transaction, which has the fee; without it where the key may not read those."""
        if self._tells_fees:
            try:
                return ask({"expand": [named]})
            except stripe.PermissionError:
                self._tells_fees = False
        return ask({})

    def _records(self, walk: str, listed: Sequence[dict[str, Any]]) -> Iterator[Record]:
        if walk == "charges":
            for charge in listed:
                yield self._record(charge)
            return
        named = [_charge_of(entry if walk == "refunds" else entry["data"]["object"]) for entry in listed]
        for charge_id in dict.fromkeys(named_id for named_id in named if named_id):
            yield self.look_up(charge_id)

    def _record(self, charge: Mapping[str, Any]) -> Record:
        disputes: list[dict[str, Any]] = []
        if charge.get("disputed"):
            listed = self._client().v1.disputes.list({"charge": charge["id"], "limit": MOST_DISPUTES})
            disputes = [dispute.to_dict() for dispute in listed.data]
        try:
            return read_charge(charge, disputes, self._company, self._fields)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:  # foreign data, never our own
            return Record(masked(str(charge["id"])), problem=f"Stripe gave it in a form we do not know ({type(error).__name__})")


@contextmanager
def _answers(what: str) -> Iterator[None]:
    """Turns what the SDK raises into a FeedError that says what to do; keys never appear in it."""
    try:
        yield
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise FeedError("Stripe refused the key; make one that may read charges, refunds, disputes and events.") from error
    except stripe.RateLimitError as error:
        raise FeedError("Stripe allows no more calls just now; the next sync goes on.") from error
    except stripe.StripeError as error:
        raise FeedError(f"Stripe could not be asked ({what}: {type(error).__name__}); the next sync goes on.") from error


def read_charge(
    charge: Mapping[str, Any], disputes: Sequence[Mapping[str, Any]], company: Company, fields: StripeFields
) -> Record:
    """What a charge is to us. Pure; one that lacks what we need says so, with what to write where."""
    id_ = masked(str(charge["id"]))
    if charge.get("status") == "failed" or (not charge.get("captured") and charge.get("refunded")):
        return Record(id_)  # never was money, or an authorization let go
    if charge.get("status") == "pending" or not charge.get("captured"):
        return Record(id_, waiting=True)
    currency = str(charge.get("currency", "")).upper()
    captured = charge.get("amount_captured") or charge.get("amount", 0)
    released = charge.get("amount", 0) - captured  # what was authorised and never taken counts as refunded at Stripe
    back = charge.get("amount_refunded", 0)
    back = back - released if back >= released else back
    try:
        amount_minor, back_minor = minor_of(captured, currency), minor_of(back, currency)
    except ValueError as reason:
        return Record(id_, problem=f"amount: {reason}")
    metadata = charge.get("metadata") or {}
    line = {
        "transaction_number": metadata.get(fields.transaction_number, "") if fields.transaction_number else str(charge["id"]),
        "customer": metadata.get(fields.customer, ""),
        "customer_id": metadata.get(fields.customer_id, "") if fields.customer_id else "",
        "amount": text_from_minor(amount_minor, currency),
        "currency": currency,
        "paid_at": datetime.fromtimestamp(charge["created"], UTC).isoformat(),
        "method": (charge.get("payment_method_details") or {}).get("type", ""),
        "invoices": metadata.get(fields.invoices, "") if fields.invoices else "",
        "refunded": text_from_minor(back_minor, currency) if back_minor else "",
        "fee": _fee(charge, currency, amount_minor),
        **_status(charge, back_minor, amount_minor, disputes),
    }
    reading = read_line(1, line, company)
    if reading.payment is None:
        named = {name: f'metadata "{key}"' for name, key in asdict(fields).items() if key}
        problem = "; ".join(
            f"{named.get(problem.column, problem.column)}: {problem.message}. {problem.remedy}" for problem in reading.problems
        )
        return Record(id_, problem=problem)
    return Record(id_, replace(reading.payment, status_minor=_disputed_minor(reading.payment, disputes)))


def _fee(charge: Mapping[str, Any], currency: str, amount_minor: int) -> str:
    """What Stripe kept of it, where it tells that in the payment's own currency."""
    booked = charge.get("balance_transaction")
    if not isinstance(booked, Mapping) or str(booked.get("currency", "")).upper() != currency or not booked.get("fee"):
        return ""
    try:
        fee_minor = minor_of(booked["fee"], currency)
    except ValueError:
        return ""
    return text_from_minor(fee_minor, currency) if fee_minor <= amount_minor else ""


def _counting(known: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Of several disputes the one that took the money."""
    return min(known, key=lambda dispute: ("lost", "open", "won").index(_DISPUTES[dispute["status"]]))


def _disputed_minor(payment: Payment, disputes: Sequence[Mapping[str, Any]]) -> int:
    """How much the dispute took of the payment; 0 where that is all of it, or not told in its currency."""
    known = [dispute for dispute in disputes if dispute.get("status") in _DISPUTES]
    if not known or payment.status not in (FeedStatus.CHARGED_BACK, FeedStatus.RETURNED):
        return 0
    dispute = _counting(known)
    if str(dispute.get("currency", "")).upper() != payment.currency or not dispute.get("amount"):
        return 0
    try:
        minor = minor_of(dispute["amount"], payment.currency)
    except ValueError:
        return 0
    return minor if minor != payment.amount_minor else 0


def _status(
    charge: Mapping[str, Any], back_minor: int, amount_minor: int, disputes: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """What became of the money, in the columns of the CSV feed. Of several disputes the one that took the money counts."""
    known = [dispute for dispute in disputes if dispute.get("status") in _DISPUTES]
    if not known:
        return {"status": (FeedStatus.REFUNDED if back_minor >= amount_minor > 0 else FeedStatus.PAID).value}
    dispute = _counting(known)
    stands = _DISPUTES[dispute["status"]]
    told = {"reason_code": str(dispute.get("network_reason_code") or dispute.get("reason") or "")}
    if stands != "won" and dispute.get("created"):
        told["status_at"] = datetime.fromtimestamp(dispute["created"], UTC).isoformat()
    if (charge.get("payment_method_details") or {}).get("type") in _BANK_DEBITS:
        return told | {"status": (FeedStatus.PAID if stands == "won" else FeedStatus.RETURNED).value}
    return told | {"status": FeedStatus.CHARGED_BACK.value, "dispute": stands}


def read_notice(body: bytes, signature: str, secrets: Sequence[str]) -> Notice | None:
    """What a webhook message says, once the SDK has verified that Stripe sent it within five minutes; None where it did not."""
    if not any(_signed(body, signature, secret) for secret in secrets):
        return None
    try:
        event = json.loads(body)
        named = _charge_of(event["data"]["object"])
        return Notice(masked(str(event["id"])), (named,) if named else ())
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _signed(body: bytes, signature: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(body, signature, secret, WEBHOOK_TOLERANCE_SECONDS)
    except (stripe.SignatureVerificationError, ValueError):  # ValueError: the body is not UTF-8
        return False
    return True


def _charge_of(told: Mapping[str, Any]) -> str:
    """The id of the charge that an object of Stripe is about; "" where it is about none."""
    field = {"charge": "id", "refund": "charge", "dispute": "charge", "payment_intent": "latest_charge"}.get(told["object"], "")
    named = told.get(field) if field else ""
    if isinstance(named, Mapping):  # older versions of the API send the whole charge
        named = named.get("id")
    return masked(named) if isinstance(named, str) and named.startswith(("ch_", "py_")) else ""
