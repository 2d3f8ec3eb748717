"""How QuickBooks Online says no: its codes with the words it uses, and which of our ledger's refusals is which.

Words and codes are those of Intuit's page of common errors and of answers that others recorded; a code without a
known wording carries Intuit's short message only.
"""

from __future__ import annotations

from typing import Any

from receivables.errors import BooksRefused
from receivables.refusal import Refusal

_CHECK = "Check the fields with accounts, customers, items, vendors or employees."
INACTIVE = f"Something you're trying to use has been made inactive. {_CHECK}"
DELETED_REFERENCE = f"Something you're trying to use has been deleted. {_CHECK}"
DELETED_TRANSACTION = "Another user has deleted this transaction."

MESSAGES = {
    "600": "Duplicate Request ID",
    "610": "Object Not Found",
    "620": "Transaction ID cannot be linked",
    "2020": "Required param missing, need to supply the required value for the API",
    "2030": "Invalid ID",
    "2050": "String length is either shorter or longer than supported by specification",
    "2500": "Invalid Reference Id",
    "4000": "Error parsing query",
    "4001": "Invalid query",
    "5010": "Stale Object Error",
    "5020": "Permission Denied Error",
    "6000": "A business validation error has occurred while processing your request",
    "6140": "Duplicate Document Number Error",
    "6190": "Invalid Company Status",
    "6210": "Account Period Closed, Cannot Update Through Services API",
    "6240": "Duplicate Name Exists Error",
    "6540": "Deposited Transaction cannot be changed",
    "500": "Unsupported Operation",
}
DETAILS = {
    "600": "Duplicate Request ID : the same id was used for another request.",
    "620": "Transaction ID cannot be linked : the transaction is of another kind or customer.",
    "5010": "Stale Object Error : You and Dana were working on this at the same time."
    " Dana finished before you did, so your work was not saved.",
    "6190": "Invalid Company Status : Subscription period has ended or canceled or there was a billing problem.",
    "6210": "The account period has closed and the account books cannot be updated through the QBO Services API."
    " Please use the QBO website to make these changes.",
    "6540": "This transaction has been deposited. If you want to change or delete it,"
    " you must edit the deposit it appears on and remove it first",
}


class FaultRaised(Exception):
    """The request is answered with this Fault and nothing of it is done."""

    def __init__(self, code: str, detail: str = "", *, element: str = "", status: int = 400) -> None:
        self.code = code
        self.status = status
        self.detail = detail or DETAILS.get(code, MESSAGES.get(code, ""))
        self.element = element
        super().__init__(f"{code}: {self.detail}")

    def fault(self) -> dict[str, Any]:
        """The object under "Fault"."""
        error = {
            "Message": MESSAGES.get(self.code, "An application error has occurred"),
            "Detail": self.detail,
            "code": self.code,
            "element": self.element,
        }
        return {"Error": [error], "type": "ValidationFault"}


def not_found(detail: str) -> FaultRaised:
    """Code 610 with one of its three texts."""
    return FaultRaised("610", f"Object Not Found : {detail}")


def inactive_reference(element: str) -> FaultRaised:
    return FaultRaised("2500", f"Invalid Reference Id : {INACTIVE}", element=element)


def required(element: str) -> FaultRaised:
    return FaultRaised("2020", f"Required parameter {element} is missing in the request", element=element)


def business(detail: str) -> FaultRaised:
    return FaultRaised("6000", f"Business Validation Error: {detail}")


def from_refusal(refusal: BooksRefused) -> FaultRaised:
    """What QuickBooks would answer where our ledger refused."""
    match refusal.refusal:
        case Refusal.PERIOD_CLOSED:
            return FaultRaised("6210")
        case Refusal.RECEIPT_DEPOSITED:
            return FaultRaised("6540")
        case Refusal.CUSTOMER_INACTIVE | Refusal.ACCOUNT_INACTIVE:
            return inactive_reference("")
        case Refusal.DOCUMENT_GONE:
            return not_found(DELETED_TRANSACTION)
        case Refusal.NOT_FOUND:
            return not_found(INACTIVE)
        case Refusal.CUSTOMER_MISMATCH:
            return FaultRaised("620")
        case Refusal.STALE:
            return FaultRaised("5010")
        case _:
            return business(refusal.message)
