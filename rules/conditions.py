"""The conditions of a rule in words: what each field of each fact means to somebody who keeps books.

Rendering only. A test asks that every field of the schema has its words.
"""

from __future__ import annotations

from collections.abc import Mapping

from rules.patterns import Comparison, Of, Pattern, Term, Value

NOUNS: Mapping[str, str] = {
    "payment": "the payment",
    "reads": "what was read",
    "customer": "the customer",
    "line": "an invoice of the payment",
    "doubt": "a doubt",
    "application": "a credit applied after the client paid",
    "receipt": "a receipt of the evidence",
    "part": "a receipt of ours",
}

#: For what is so or not so: the words for yes and for no. For the rest: the name of the figure or text.
FIELDS: Mapping[str, Mapping[str, tuple[str, str] | str]] = {
    "payment": {
        "amount_minor": "its amount (minor units)",
        "on_account_minor": "its intended rest on account (minor units)",
        "currency": "its currency",
        "invoices": "the number of its invoices",
        "unposted": ("nothing of ours is in the books for it", "a receipt of ours is or may be there, or the money went back"),
        "feed": "what the feed says of it",
        "doubled": ("it stands in the books more than once", "it does not stand there twice"),
        "complete": ("our receipts add up to it", "our receipts do not add up to it"),
        "day_closed": ("its day lies in a closed period", "its day is open"),
        "refusal": "the code with which the books refused it",
    },
    "reads": {"failed": "the number of reads that failed"},
    "customer": {
        "key": "its id",
        "active": ("it is active", "it is inactive"),
        "merged": ("it was merged into another", "it was not merged"),
    },
    "line": {
        "flaw": "its state",
        "unexplained_minor": "what is missing and no later credit explains (minor units)",
        "over": ("more was paid than the whole invoice is for", "what is missing is not just overpaid"),
        "mendable": ("an invoice that may replace it has enough open", "no invoice that may replace it has enough open"),
        "successor_score": "the points of what may replace it",
        "hand_receipts": "the number of receipts entered for it alone",
    },
    "doubt": {"about": "it is about"},
    "application": {
        "chosen": ("it would be taken off", "it need not be taken off"),
        "day_closed": ("its day lies in a closed period", "its day is open"),
    },
    "receipt": {
        "customer": "its customer",
        "currency": "its currency",
        "amount_minor": "its amount (minor units)",
        "free_minor": "what of it proves no other payment (minor units)",
        "by_hand": ("it was entered by hand for this customer", "it is ours, voided, or not this customer's"),
        "score": "its points",
        "covers": ("it is larger and stands on all invoices of the payment", "it does not cover the payment with others"),
        "suspect": ("it may be this money", "nothing says that it may be this money"),
        "less_fee": ("it is nearly the amount, and on nothing else", "it is not nearly the amount, or on other invoices too"),
        "number": "its place",
    },
    "part": {
        "unanswered": ("the books have not said whether it was recorded", "the books have answered for it"),
        "missing": ("it is deleted or voided", "it is not known to be deleted or voided"),
        "verified": ("it had been verified", "it was never verified"),
        "changed": ("it differs from what was posted", "it is as it was posted"),
        "swallowed": ("more of it lies on account than was meant", "no more of it lies on account than was meant"),
        "frozen": ("it is deposited or in a closed period", "it may be changed"),
    },
}

_COMPARED = {Comparison.IS: "is", Comparison.IS_NOT: "is not", Comparison.ABOVE: "is above", Comparison.AT_LEAST: "is at least"}


def pattern(asked: Pattern) -> str:
    """What a pattern asks for: "an invoice of the payment: its state is short"."""
    terms = "; ".join(term(asked.kind, one) for one in asked.terms)
    noun = NOUNS[asked.kind]
    if asked.absent:
        noun = "no " + noun.removeprefix("a ").removeprefix("an ").removeprefix("the ")
    return f"{noun}: {terms}" if terms else noun if asked.absent else f"{noun} is known"


def term(kind: str, asked: Term) -> str:
    """What one comparison asks for."""
    words = FIELDS[kind][asked.field]
    if isinstance(words, tuple) and isinstance(asked.value, bool):
        return words[0] if (asked.value is True) == (asked.comparison is Comparison.IS) else words[1]
    return f"{_name(words)} {_COMPARED[asked.comparison]} {_other(asked.value)}"


def actual(kind: str, field: str, value: Value) -> str:
    """What is so with a field: "its points is 40"."""
    words = FIELDS[kind][field]
    if isinstance(words, tuple):
        return words[0] if value else words[1]
    return f"{words} is {_shown(value)}"


def _name(words: tuple[str, str] | str) -> str:
    return words if isinstance(words, str) else words[0]


def _other(value: Value | Of) -> str:
    if isinstance(value, Of):
        return f"that of {NOUNS[value.alias]} ({value.field.removesuffix('_minor')})"
    return _shown(value)


def _shown(value: Value) -> str:
    return repr(value) if value == "" else str(value)
