"""What the reason codes of returned bank debits mean, and what they ask a person to do. The codes are Nacha's."""

from __future__ import annotations

from receivables.words import plain

_AGAIN = "The debit may be paid if it is submitted again."
_ACCOUNT = "Ask the customer for another account before the next debit."
_STOP = "Stop automatic debits and call the customer before anything is tried again."
#: Code to what it means and what to do.
_CODES = {
    "R01": ("insufficient funds", _AGAIN),
    "R02": ("account closed", _ACCOUNT),
    "R03": ("no account found", _ACCOUNT),
    "R04": ("invalid account number", _ACCOUNT),
    "R05": ("debit not authorized", _STOP),
    "R07": ("authorization revoked", _STOP),
    "R08": ("payment stopped by the customer", _STOP),
    "R09": ("uncollected funds", _AGAIN),
    "R10": ("debit not authorized", _STOP),
    "R11": ("debit not as authorized", _STOP),
    "R16": ("account frozen", _ACCOUNT),
    "R20": ("account takes no debits", _ACCOUNT),
    "R29": ("debit not authorized by the company", _STOP),
}
#: What card networks mean by the reason of a chargeback; Visa's codes.
_CHARGEBACKS = {
    "10.4": "fraud, card not present",
    "10.5": "fraud monitoring",
    "12.5": "wrong amount",
    "13.1": "goods or services not received",
    "13.2": "canceled recurring payment",
    "13.3": "not as described",
    "13.6": "credit not processed",
    "13.7": "canceled goods or services",
}


def is_ach(code: str) -> bool:
    """Whether it is a reason code of a returned bank debit."""
    return len(code) == len("R01") and code[0] in "Rr" and code[1:].isdigit()


def told(code: str) -> str:
    """The code in parentheses with its meaning where it is known: " (R01, insufficient funds)"; "" without a code."""
    if not code:
        return ""
    meaning = _CODES.get(code.upper(), ("", ""))[0] or _CHARGEBACKS.get(code, "")
    named = plain(code) if is_ach(code) else f"reason code {plain(code)}"
    return f" ({named}{f', {meaning}' if meaning else ''})"


def advice(code: str) -> str:
    """What to do about the customer, in a sentence; "" where the code says nothing of it."""
    return _CODES.get(code.upper(), ("", ""))[1]
