"""The reference of the payment that a statement records; unique, so that a second statement for it cannot be saved."""

from __future__ import annotations

# mypy: ignore-errors
from trytond.model import Unique, fields
from trytond.pool import PoolMeta


class Statement(metaclass=PoolMeta):
    """Adds `external_ref`. It stays writable, because a read-only field cannot be set from outside."""

    __name__ = "account.statement"
    external_ref = fields.Char("External Reference")

    @classmethod
    def __setup__(cls) -> None:
        super().__setup__()
        table = cls.__table__()
        cls._sql_constraints.append(
            ("external_ref_unique", Unique(table, table.company, table.external_ref), "portal_receipt.msg_external_ref_unique")
        )
