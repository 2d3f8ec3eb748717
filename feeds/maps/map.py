"""A map: what the columns, words, dates and amounts of a portal's export mean. It is stated here, or asked; never guessed.

A map is a TOML file. `feeds/maps/to-copy.toml` explains every key; the other files beside it are the maps that come
with the product. The value "ask" stands where each company has to say it, with `--set`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from feeds.csv_line import NUMBERS
from feeds.maps.dates import FORM_EXAMPLES, OFFSET, pattern_of
from receivables.money import CURRENCIES

FOLDER = Path(__file__).parent
BUILT_IN: Mapping[str, Path] = {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}
STANDARD = "standard"  # Resolve Now's own columns, as docs/payments-csv.md says
ASK = "ask"
COMPANY = "company"  # a time zone: the company's own
WRITTEN = "written"  # a time zone: each row says it

#: What `--set KEY=VALUE` may state, and where in the map it stands.
SETTABLE: Mapping[str, tuple[str, str]] = {
    "currency": ("fixed", "currency"),
    "method": ("fixed", "method"),
    "dates": ("dates", "form"),
    "zone": ("dates", "zone"),
    "decimal": ("numbers", "decimal"),
    "thousands": ("numbers", "thousands"),
    "separator": ("file", "separator"),
    "encoding": ("file", "encoding"),
    "sheet": ("file", "sheet"),
}

Column = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Means(StrEnum):
    """What a word in a column says of its row. Where several columns speak, the one that stands first here counts."""

    LEAVE_OUT = "leave out"
    REFUND = "refund"  # rows of their own, about a payment that they name
    REFUND_FAILED = "refund failed"
    RETURN = "return"
    CHARGEBACK = "chargeback"
    CHARGEBACK_WON = "chargeback won"
    FEE = "fee"
    CHARGED_BACK_LOST = "charged back, lost"  # payments, and what became of their money
    CHARGED_BACK = "charged back"
    RETURNED = "returned"
    REFUNDED = "refunded"
    FAILED = "failed"
    CHARGED_BACK_WON = "charged back, won"
    PAYMENT = "payment"


ABOUT_ANOTHER = frozenset({Means.REFUND, Means.REFUND_FAILED, Means.RETURN, Means.CHARGEBACK, Means.CHARGEBACK_WON, Means.FEE})
_PLACE = {means: place for place, means in enumerate(Means)}


def strongest(said: list[Means]) -> Means:
    """What counts where several columns speak."""
    return min(said, key=_PLACE.__getitem__, default=Means.PAYMENT)


def _groups(value: object) -> object:
    """A column, or a list: the first of them that is filled; in it a list is several columns joined by a space."""
    if isinstance(value, str):
        return ((value,),)
    if isinstance(value, list) and value:
        return tuple(tuple(part) if isinstance(part, list) else (part,) for part in value)
    return value


def _zone(name: str) -> str:
    if OFFSET.fullmatch(name):
        return name
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone. Write an IANA name such as America/Chicago, or +01:00") from None
    return name


def _any_zone(name: object) -> object:
    return name if name in (COMPANY, WRITTEN, ASK) or not isinstance(name, str) else _zone(name)


def _form(form: object) -> object:
    if isinstance(form, str) and form != ASK:
        pattern_of(form)
    return form


def _currency(code: object) -> object:
    if isinstance(code, str) and code not in ("", ASK) and code not in CURRENCIES:
        raise ValueError(f"{code!r} is not a currency. Write its three capital letters, such as USD")
    return code


Source = Annotated[tuple[tuple[Column, ...], ...], BeforeValidator(_groups)]
Field_ = Literal[
    "transaction_number", "customer", "customer_id", "amount", "currency", "paid_at", "method", "invoices", "refunded", "fee",
    "fee_currency", "refers_to", "zone", "status_at", "reason_code",
]  # fmt: skip
Word = Annotated[Means, BeforeValidator(lambda word: Means(word) if isinstance(word, str) and word in list(Means) else word)]
Zone = Annotated[str, BeforeValidator(lambda name: _zone(name) if isinstance(name, str) else name)]


class Part(BaseModel):
    """A table of a map: no unknown key, and no value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class FileForm(Part):
    """How the file is written. `sheet` and `numeric_cells` are for workbooks, encoding and separator for all others."""

    encoding: Literal["utf-8", "utf-16", "windows-1252", "iso-8859-1", "ask"] = "utf-8"
    separator: Literal["comma", "semicolon", "tab", "pipe", "ask"] = "comma"
    header_line: int = Field(1, ge=1, le=100)
    sheet: str = ""
    numeric_cells: Annotated[tuple[str, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in self.numeric_cells:
            if name not in NUMBERS:
                raise ValueError(f"numeric_cells names {name!r}. Write some of {', '.join(sorted(NUMBERS))}")
        return self


class NumberForm(Part):
    """How amounts are written, and what their signs mean."""

    decimal: Literal[".", ",", "ask"]
    thousands: Literal["", ",", ".", " ", "'", "ask"]
    symbols: Annotated[tuple[str, ...], Field(strict=False)] = ()
    fee_kept: Literal["positive", "negative"] = "positive"
    not_positive: Literal["refuse", "leave out"] = "refuse"

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.decimal == self.thousands != ASK:
            raise ValueError("decimal and thousands are the same sign. Write how 1250.50 and 1250 look in the file")
        return self


class DateForm(Part):
    """How moments are written, and in which time zone."""

    form: Annotated[str, BeforeValidator(_form)]
    zone: Annotated[str, BeforeValidator(_any_zone)]
    zones: dict[str, Zone] = Field(default_factory=dict)


class Columns(Part):
    """Which columns hold what."""

    transaction_number: Source
    customer: Source
    amount: Source
    paid_at: Source
    currency: Source = ()
    method: Source = ()
    invoices: Source = ()
    customer_id: Source = ()
    refunded: Source = ()
    fee: Source = ()
    fee_currency: Source = ()
    refers_to: Source = ()
    zone: Source = ()
    status_at: Source = ()
    reason_code: Source = ()
    optional: Annotated[tuple[Field_, ...], Field(strict=False)] = ()

    def of(self, field: str) -> tuple[tuple[str, ...], ...]:
        found: tuple[tuple[str, ...], ...] = getattr(self, field)
        return found


class Fixed(Part):
    """What no column says, because it is the same for all of the file."""

    currency: Annotated[str, BeforeValidator(_currency)] = ""
    method: Annotated[str, StringConstraints(max_length=40)] = ""


class InvoiceForm(Part):
    """How invoices are named: one number, to which all of the payment goes, or a list as in Resolve Now's own files."""

    are: Literal["number", "list"]
    joined_by_commas: bool = False


class RowForm(Part):
    """What the words of one column say of their rows. Capitals and spaces at the ends make no difference."""

    column: Column
    optional: bool = False
    means: Annotated[dict[str, Word], Field(min_length=1)]

    def words(self) -> dict[str, Means]:
        return {word.strip().casefold(): means for word, means in self.means.items()}


class Map(Part):
    """All of it. `about` says in a line which export this is, `sources` where its columns are documented."""

    about: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    sources: Annotated[tuple[str, ...], Field(strict=False)] = ()
    asks: dict[str, str] = Field(default_factory=dict)
    file: FileForm
    numbers: NumberForm
    dates: DateForm
    columns: Columns
    fixed: Fixed = Field(default_factory=Fixed)
    invoices: InvoiceForm | None = None
    row: Annotated[tuple[RowForm, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        columns = self.columns
        if bool(columns.currency) == bool(self.fixed.currency):
            raise ValueError("the currency comes from columns.currency or from fixed.currency. Write one of them")
        if columns.method and self.fixed.method:
            raise ValueError("the method comes from columns.method or from fixed.method. Write one of them")
        if columns.invoices and self.invoices is None:
            raise ValueError('columns.invoices is read as said in a table [invoices] with are = "number" or "list". Write it')
        if self.dates.zone == WRITTEN and not columns.zone and "ZONE" not in self.dates.form:
            raise ValueError('zone = "written" needs ZONE in the form or columns.zone. Write where the zone is written')
        for rule in self.row:
            if not columns.refers_to and (about := ABOUT_ANOTHER.intersection(rule.means.values())):
                named = ", ".join(sorted(about))
                raise ValueError(f"rows of {named} are about another payment. Write its column as columns.refers_to")
        return self

    @property
    def open_questions(self) -> tuple[str, ...]:
        """The keys of `--set` that still have to be said."""
        return tuple(key for key, (table, name) in SETTABLE.items() if getattr(getattr(self, table), name) == ASK)

    @property
    def digest(self) -> str:
        """Identifies what the map says; the same file read by another map is another feed."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def wanted_columns(self) -> tuple[str, ...]:
        """Every column that is read, in the order of the map."""
        sources = [
            name for field in Columns.model_fields if field != "optional" for group in self.columns.of(field) for name in group
        ]
        return tuple(dict.fromkeys([*sources, *(rule.column for rule in self.row)]))

    def reading(self) -> str:
        """How dates and amounts are read, for people who look at a preview."""
        zone = {COMPANY: "the company's time zone", WRITTEN: "the time zone written there"}.get(self.dates.zone, self.dates.zone)
        thousands = f", thousands {self.numbers.thousands!r}" if self.numbers.thousands else ""
        return f"dates {self.dates.form} in {zone}; decimal sign {self.numbers.decimal!r}{thousands}"


def with_answers(raw: dict[str, Any], answers: Mapping[str, str]) -> dict[str, Any]:
    """What a map says with what a company states itself in its place. Keys that are not settable are passed over."""
    changed = dict(raw)
    for key, answer in answers.items():
        if key in SETTABLE:
            table, name = SETTABLE[key]
            part = changed.get(table, {})
            changed[table] = {**part, name: answer} if isinstance(part, dict) else part
    return changed


__all__ = ["ASK", "BUILT_IN", "FORM_EXAMPLES", "SETTABLE", "Map", "Means", "strongest", "with_answers"]
