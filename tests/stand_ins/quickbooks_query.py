"""QuickBooks Online's query language, as far as public clients use it: one entity, conditions joined by AND, pages.

Strings stand in single quotes with a backslash before a quote; amounts and truths with quotes or without. What the
vendor does not let one ask for (PrivateNote, UnappliedAmt, lines) is answered with its own fault. There is no OR, and
documents come whole whatever is selected, as Intuit's page on data queries says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from stand_ins.quickbooks_faults import FaultRaised

PAGE, PAGE_AT_MOST = 100, 1000

_TIMES = ("MetaData.CreateTime", "MetaData.LastUpdatedTime")
_SALE = ("Id", "DocNumber", "TxnDate", "DueDate", "CustomerRef", "TotalAmt", "Balance", *_TIMES)
#: What may stand after WHERE and ORDERBY. PaymentRefNum is asked for by many public clients; PrivateNote and
#: UnappliedAmt were refused to others.
QUERYABLE: Mapping[str, Sequence[str]] = {
    "Invoice": _SALE,
    "CreditMemo": tuple(name for name in _SALE if name != "DueDate"),
    "Payment": ("Id", "TxnDate", "CustomerRef", "TotalAmt", "PaymentRefNum", *_TIMES),
    "Customer": (
        "Id",
        "DisplayName",
        "FullyQualifiedName",
        "GivenName",
        "FamilyName",
        "CompanyName",
        "Active",
        "Balance",
        *_TIMES,
    ),
    "Account": ("Id", "Name", "FullyQualifiedName", "AccountType", "AccountSubType", "Classification", "Active", *_TIMES),
    "JournalEntry": ("Id", "DocNumber", "TxnDate", *_TIMES),
    "Purchase": ("Id", "DocNumber", "TxnDate", "TotalAmt", *_TIMES),
    "RefundReceipt": ("Id", "DocNumber", "TxnDate", "CustomerRef", "TotalAmt", *_TIMES),
    "Deposit": ("Id", "TxnDate", "TotalAmt", *_TIMES),
    "PaymentMethod": ("Id", "Name", "Active", *_TIMES),
    "CompanyInfo": ("Id", *_TIMES),
    "Preferences": ("Id", *_TIMES),
}
LISTS = ("Customer", "Account", "PaymentMethod")  # inactive members are left out unless the query speaks of Active
_ENTITY = {name.lower(): name for name in QUERYABLE}

_TOKEN = re.compile(r"\s*(?:('(?:[^'\\]|\\.)*')|(<=|>=|=|<|>)|([(),*])|([A-Za-z_][\w.]*)|(-?\d+(?:\.\d+)?))")


@dataclass(frozen=True)
class Condition:
    field: str
    operator: str  # =, <, >, <=, >=, in, like
    values: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    entity: str
    counts: bool = False
    conditions: tuple[Condition, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()  # field, descending
    start: int = 1
    most: int = PAGE


def parsed(text: str) -> Query:
    """Raises FaultRaised 4000 for what is no query, 4001 for one that may not be asked."""
    return _Parser(text).query()


def entity_named(word: str) -> str:
    """The entity's proper name, whatever its case. Raises FaultRaised."""
    if word.lower() not in _ENTITY:
        raise FaultRaised("4001", f"QueryValidationError: Invalid context declaration: {word}")
    return _ENTITY[word.lower()]


def answered(query: Query, documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The object under "QueryResponse" for all documents of the entity in the books."""
    asked = [condition.field for condition in query.conditions]
    if query.entity in LISTS and "Active" not in asked:
        documents = [document for document in documents if document.get("Active", True)]
    found = [document for document in documents if all(_holds(condition, document) for condition in query.conditions)]
    if query.counts:
        return {"totalCount": len(found)}
    for name, descending in reversed(query.order):
        found.sort(key=_sorting(name), reverse=descending)
    page = found[query.start - 1 : query.start - 1 + query.most]
    if not page:
        return {}
    return {query.entity: page, "startPosition": query.start, "maxResults": len(page)}


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split(text)
        self._place = 0

    def query(self) -> Query:
        self._expect("select")
        counts = self._counts()
        self._expect("from")
        entity = entity_named(self._next())
        conditions = self._conditions(entity) if self._takes("where") else ()
        order = self._order(entity)
        start = self._number() if self._takes("startposition") else 1
        most = self._number() if self._takes("maxresults") else PAGE
        if self._peek():
            raise self._unexpected()
        if most > PAGE_AT_MOST:
            raise FaultRaised("4001", f"QueryValidationError: value {most} is too large. Max allowed value is {PAGE_AT_MOST}.")
        return Query(entity, counts, conditions, order, max(1, start), most)

    def _counts(self) -> bool:
        """Takes what stands between SELECT and FROM; whether it is a count."""
        if self._takes("count"):
            for word in "(*)":
                self._expect(word)
            return True
        if not self._takes("*"):
            self._next()
            while self._takes(","):
                self._next()
        return False

    def _conditions(self, entity: str) -> tuple[Condition, ...]:
        conditions = [self._condition(entity)]
        while self._takes("and"):
            conditions.append(self._condition(entity))
        return tuple(conditions)

    def _condition(self, entity: str) -> Condition:
        name = self._queryable(entity)
        operator = self._next().lower()
        if operator == "in":
            self._expect("(")
            values = [self._value()]
            while self._takes(","):
                values.append(self._value())
            self._expect(")")
            return Condition(name, operator, tuple(values))
        if operator not in ("=", "<", ">", "<=", ">=", "like"):
            self._place -= 1
            raise self._unexpected()
        return Condition(name, operator, (self._value(),))

    def _order(self, entity: str) -> tuple[tuple[str, bool], ...]:
        if self._takes("order"):
            self._expect("by")
        elif not self._takes("orderby"):
            return ()
        order = [self._ordering(entity)]
        while self._takes(","):
            order.append(self._ordering(entity))
        return tuple(order)

    def _ordering(self, entity: str) -> tuple[str, bool]:
        name = self._queryable(entity)
        if self._takes("desc"):
            return name, True
        self._takes("asc")
        return name, False

    def _queryable(self, entity: str) -> str:
        word = self._next()
        for name in QUERYABLE[entity]:
            if name.lower() == word.lower():
                return name
        raise FaultRaised("4001", f"QueryValidationError: property '{word}' is not queryable")

    def _value(self) -> str:
        word = self._next()
        if word.startswith("'"):
            return re.sub(r"\\(.)", r"\1", word[1:-1])
        if word.lower() in ("true", "false") or re.fullmatch(r"-?\d+(\.\d+)?", word):
            return word
        self._place -= 1
        raise self._unexpected()

    def _number(self) -> int:
        word = self._next()
        if not word.isdigit():
            self._place -= 1
            raise self._unexpected()
        return int(word)

    def _peek(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def _next(self) -> str:
        word = self._peek()
        if not word:
            raise self._unexpected()
        self._place += 1
        return word

    def _takes(self, word: str) -> bool:
        if self._peek().lower() == word:
            self._place += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._takes(word):
            raise self._unexpected()

    def _unexpected(self) -> FaultRaised:
        found = self._peek() or "<EOF>"
        return FaultRaised("4000", f'QueryParserError: Encountered " {found} " at word {self._place + 1}.')

    @staticmethod
    def _split(text: str) -> list[str]:
        words, place = [], 0
        text = text.strip()
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                column = place + 1
                raise FaultRaised("4000", f"QueryParserError: Invalid content. Lexical error at line 1, column {column}.")
            words.append(found.group().strip())
            place = found.end()
        return words


def _holds(condition: Condition, document: Mapping[str, Any]) -> bool:
    found = _at(document, condition.field)
    if found is None:
        return False
    if condition.operator == "in":
        return any(_compared(found, value) == 0 for value in condition.values)
    value = condition.values[0]
    if condition.operator == "like":
        pattern = ".*".join(re.escape(piece) for piece in value.split("%"))
        return re.fullmatch(pattern, str(found), re.IGNORECASE | re.DOTALL) is not None
    place = _compared(found, value)
    holds: dict[str, Callable[[int], bool]] = {
        "=": lambda order: order == 0,
        "<": lambda order: order < 0,
        ">": lambda order: order > 0,
        "<=": lambda order: order <= 0,
        ">=": lambda order: order >= 0,
    }
    return holds[condition.operator](place)


def _at(document: Mapping[str, Any], name: str) -> Any:
    found: Any = document
    for word in name.split("."):
        found = found.get(word) if isinstance(found, Mapping) else None
    return found.get("value") if isinstance(found, Mapping) else found


def _compared(found: Any, value: str) -> int:
    """-1, 0 or 1. Raises FaultRaised 4001 for a value of another kind than the property's."""
    try:
        left, right = _alike(found, value)
    except (ValueError, InvalidOperation) as problem:
        raise FaultRaised("4001", f"QueryValidationError: value {value} is of another type") from problem
    return int(left > right) - int(left < right)


def _alike(found: Any, value: str) -> tuple[Any, Any]:
    if isinstance(found, bool):
        return found, value.lower() == "true"
    if isinstance(found, Decimal | int):
        return Decimal(found), Decimal(value)
    if re.match(r"\d{4}-\d\d-\d\dT", str(found)):
        return moment(str(found)), moment(value)
    if str(found).isdigit() and value.isdigit():
        return (int(found), str(found)), (int(value), value)
    return str(found), value


def _sorting(name: str) -> Callable[[Mapping[str, Any]], Any]:
    def key(document: Mapping[str, Any]) -> Any:
        found = _at(document, name)
        if isinstance(found, str) and re.match(r"\d{4}-\d\d-\d\dT", found):
            return moment(found)
        if name == "Id":
            return (len(str(found)), str(found))
        return found

    return key


def moment(text: str) -> datetime:
    """An ISO moment or day; one without an offset is UTC. Raises ValueError."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
