"""One request to QuickBooks, or several in a batch: sent once, and each answered by what QuickBooks says of it.

A batch is worked off in order and has one request id for all; an item that the answer does not mention is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping

from accounting.calling import Calls, Reply
from accounting.quickbooks import faults, fields, writes
from accounting.quickbooks.fields import Json, text
from accounting.quickbooks.queries import MINOR_VERSION
from accounting.quickbooks.writes import Request
from receivables.effects import Answer, Order
from receivables.errors import BooksError, BooksRefused, OutcomeUnknown
from receivables.refusal import Refusal

VOIDING = {"operation": "update", "include": "void"}  # never a deletion: the Payment stays, with nothing in it


def one(calls: Calls, order: Order, request: Request, deadline: float) -> Answer:
    """A single write under the order's own key. Raises what is no answer to it (see `Calls.write`)."""
    how = {"delete": {"operation": "delete"}, "void": VOIDING}.get(request.operation, {})
    reply = posted(calls, "payment", order.key, request.payment, deadline, how)
    return reply if isinstance(reply, BooksError) else _answer(order, request, reply.body, reply.trace)


def posted(
    calls: Calls, path: str, key: str, body: object, deadline: float, how: Mapping[str, str] | None = None
) -> Reply | BooksError:
    """The reply to one write under a key, or what it means that QuickBooks refused it. Raises what is no answer to it."""
    params: dict[str, str | int] = {"minorversion": MINOR_VERSION, "requestid": key, **(how or {})}
    reply = calls.write("POST", path, deadline=deadline, params=params, body=body)
    fault = faults.fault_of(reply)
    return reply if reply.ok and fault is None else faults.of_write(fault, reply.status, reply.trace)


def batch(
    calls: Calls, key: str, orders: Mapping[int, Order], requests: Mapping[int, Request], deadline: float
) -> dict[int, Answer]:
    """Several writes in one call, by their place in the dispatch. Raises what answers for all of them."""
    items = [{"bId": str(place + 1), **_operation(request), "Payment": request.payment} for place, request in requests.items()]
    reply = posted(calls, "batch", key, {"BatchItemRequest": items}, deadline)
    if isinstance(reply, BooksError):
        raise _for_all(reply)
    answered: dict[str, list[Json]] = {}
    for item in fields.parts(reply.body, "BatchItemResponse") if isinstance(reply.body, Mapping) else []:
        answered.setdefault(text(item, "bId"), []).append(item)
    return {
        place: _of_item(orders[place], request, answered.get(str(place + 1), []), reply.trace)
        for place, request in requests.items()
    }


def _operation(request: Request) -> Mapping[str, str]:
    """How an item of a batch says what is to be done."""
    if request.operation == "void":
        return {"operation": VOIDING["operation"], "optionsData": VOIDING["include"]}
    return {"operation": request.operation}


def _of_item(order: Order, request: Request, items: list[Json], trace: str) -> Answer:
    if len(items) != 1:
        return OutcomeUnknown("QuickBooks answered the batch without this write, or with it twice.")
    fault = faults.fault_in(items[0])
    if fault is not None:
        return faults.of_write(fault, 200, trace)
    return _answer(order, request, items[0], trace)


def _answer(order: Order, request: Request, body: object, trace: str) -> Answer:
    answered = body.get("Payment") if isinstance(body, Mapping) else None
    if not isinstance(answered, Mapping) or not writes.answers(order, request, answered):
        return OutcomeUnknown("QuickBooks answered with something that does not answer this write.")
    return writes.written(order, answered, trace)


def _for_all(error: BooksError) -> BooksError:
    """A batch refused as a whole: a key that was used already says nothing about its members."""
    if isinstance(error, BooksRefused) and error.refusal is Refusal.DUPLICATE_REQUEST:
        return OutcomeUnknown("QuickBooks already has this batch.")
    return error
