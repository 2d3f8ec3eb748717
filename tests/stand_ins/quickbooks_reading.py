"""What a request's body says, read strictly: a part that is missing or too long is answered with the vendor's fault."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from accounting.embedded import reading
from accounting.embedded.change import Change, Kind
from receivables.money import decimals_of
from stand_ins.quickbooks_faults import INACTIVE, FaultRaised, business, inactive_reference, not_found, required
from stand_ins.quickbooks_side import ledger_id

Body = Mapping[str, Any]


def reference_of(body: Body, name: str) -> str:
    """The id in a reference. Raises FaultRaised 2020 where it is missing."""
    value = (body.get(name) or {}).get("value")
    if value in (None, ""):
        raise required(name)
    return str(value)


def active_customer(change: Change, customer_id: str) -> str:
    """The ledger's id of an active customer. Raises FaultRaised 2500 or 610."""
    found_id = ledger_id(change.connection, customer_id, Kind.CUSTOMER)
    if not found_id:
        raise not_found(INACTIVE)
    if not reading.customers(change.connection, [found_id])[0].active:
        raise inactive_reference("CustomerRef")
    return found_id


def minor_of(value: Any, currency: str, element: str) -> int:
    """An amount of the body in minor units; never negative."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise FaultRaised("2030", f"Invalid Number : {element}", element=element)
    try:
        exact = Decimal(value) * 10 ** decimals_of(currency)
    except (ValueError, ArithmeticError) as problem:
        raise FaultRaised("2030", f"Invalid Number : {value}", element=element) from problem
    if exact != int(exact) or exact < 0:
        raise business(f"{element} must be a positive amount in {currency}.")
    return int(exact)


def day_of(body: Body, otherwise: date) -> date:
    try:
        return date.fromisoformat(str(body["TxnDate"])[:10]) if body.get("TxnDate") else otherwise
    except ValueError as problem:
        raise FaultRaised("2030", f"Invalid Date : {body['TxnDate']}", element="TxnDate") from problem


def text_of(body: Body, name: str, longest: int, otherwise: str) -> str:
    """A text of the body. Raises FaultRaised 2050 for one that is too long."""
    if name not in body:
        return otherwise
    text = "" if body[name] is None else str(body[name])
    if len(text) > longest:
        raise FaultRaised(
            "2050", f"String length is either shorter or longer than supported by specification : {name}", element=name
        )
    return text
