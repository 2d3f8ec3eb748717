"""What the configuration says of people: who they are, what they may read, and what they may decide up to which amount."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, model_validator

from accounting.tables import Name, Table
from app.settings_messages import nearest
from receivables.authority import DayLimit, Person, Right
from receivables.diagnosis import Remedy
from receivables.money import decimals_of, minor_from_text


def _remedy(name: str) -> str:
    if name not in list(Remedy):
        raise ValueError(f"{name!r} is not a remedy. {nearest(name, list(Remedy))}")
    return name


def _currency(code: str) -> str:
    try:
        decimals_of(code)
    except ValueError as error:
        raise ValueError(f"{error}. Write its three capital letters") from None
    return code


def _known_company(id_: str, info: ValidationInfo) -> str:
    known: list[str] = (info.context or {})["companies"]
    if id_ not in known:
        raise ValueError(f"{id_!r} is not a company. {nearest(id_, known)}")
    return id_


def amounts(given: dict[str, str]) -> dict[str, str]:
    """Amounts by currency, each as the currency has decimals. Raises ValueError."""
    for currency, amount in given.items():
        minor_from_text(amount, currency)
    return given


def _once(tables: tuple[MayTable, ...]) -> tuple[MayTable, ...]:
    seen: set[tuple[str, str, str]] = set()
    for right in (right for table in tables for right in table.rights()):
        name = (right.company, right.remedy, right.currency)
        if name in seen:
            raise ValueError(f"two limits for {right.remedy} at {right.company} in {right.currency}. Remove one of them")
        seen.add(name)
    return tables


Id = Annotated[str, StringConstraints(pattern=r"\A[a-z0-9][a-z0-9-]{0,39}\z")]
Currency = Annotated[str, AfterValidator(_currency)]
SlackAccount = Annotated[str, StringConstraints(pattern=r"\A[TE][A-Z0-9]{8,20}/[UW][A-Z0-9]{8,20}\z")]
EmailAddress = Annotated[str, StringConstraints(pattern=r"\A[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+\z", max_length=254)]
Amounts = Annotated[dict[Currency, str], Field(min_length=1), AfterValidator(amounts)]


class MayTable(Table):
    """What a person may at a company: choose these remedies up to these amounts, or only read."""

    company: Annotated[Id, AfterValidator(_known_company)]
    reads: bool = False
    remedies: Annotated[tuple[Annotated[str, AfterValidator(_remedy)], ...], Field(strict=False, min_length=1)] = ()
    limits: Amounts = Field(default_factory=dict)
    limits_per_day: Amounts = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_whole(self) -> MayTable:
        if self.remedies and self.limits:
            unknown = [currency for currency in self.limits_per_day if currency not in self.limits]
            if unknown:
                raise ValueError(f"limits_per_day has {unknown[0]}, which limits has not. Write both for each currency")
        elif self.remedies or self.limits or self.limits_per_day:
            raise ValueError("has remedies or limits alone. Write both, or only reads = true for somebody who decides nothing")
        elif not self.reads:
            raise ValueError("gives no right. Write remedies and limits, or reads = true for somebody who decides nothing")
        return self

    def rights(self) -> Iterator[Right]:
        """One for each remedy and currency."""
        for remedy in self.remedies:
            for currency, limit in self.limits.items():
                yield Right(self.company, Remedy(remedy), currency, minor_from_text(limit, currency))

    def day_limits(self) -> Iterator[DayLimit]:
        """One for each currency; the remedies of this table count together."""
        remedies = frozenset(Remedy(remedy) for remedy in self.remedies)
        for currency, limit in self.limits_per_day.items():
            yield DayLimit(self.company, remedies, currency, minor_from_text(limit, currency))


class PersonTable(Table):
    """Somebody who reads or decides."""

    id: Id
    name: Name
    active: bool = True
    books_names: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    slack: Annotated[tuple[SlackAccount, ...], Field(strict=False)] = ()
    email: EmailAddress | None = None
    may: Annotated[tuple[MayTable, ...], Field(strict=False), AfterValidator(_once)] = ()

    def person(self) -> Person:
        """The person as everybody else knows them."""
        return Person(
            self.id,
            self.name,
            self.active,
            rights=tuple(right for may in self.may for right in may.rights()),
            books_names=frozenset(self.books_names),
            slack_accounts=frozenset((team, user) for team, _, user in (account.partition("/") for account in self.slack)),
            reads=frozenset(may.company for may in self.may if may.reads),
            day_limits=tuple(limit for may in self.may for limit in may.day_limits()),
            email=self.email or "",
        )
