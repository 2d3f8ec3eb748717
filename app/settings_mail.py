"""Where mails are handed in, and who of each company gets them. The password is a secret, and comes from elsewhere."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from accounting.tables import Table
from app.settings_people import EmailAddress
from receivables.addresses import ON_THIS_MACHINE


class EmailSettings(Table):
    """The mail server."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    host: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"\A[0-9A-Za-z.:-]+\z")]
    port: int = Field(587, ge=1, le=65_535)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: Annotated[str, StringConstraints(max_length=254)] = ""
    sender: EmailAddress = Field(alias="from")

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> EmailSettings:
        if self.user and self.tls == "none" and self.host not in ON_THIS_MACHINE:
            raise ValueError('sends the password where others can read it. Write tls = "starttls" or "tls", or remove user')
        return self


class CompanyEmail(Table):
    """Who of a company gets mails."""

    to: Annotated[tuple[EmailAddress, ...], Field(strict=False, min_length=1, max_length=50)]
    daily_summary: bool = False
