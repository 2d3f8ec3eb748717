"""The table of counters of first checks: by run and ten minutes, so that the failure rate costs time and not payments.

The database keeps them in the same transaction as the attempts, whoever writes those.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Index, Integer, String, Table

from storage.schema.columns import Moment, company_column, metadata, refers_to

tally = Table(
    "tally",
    metadata,
    company_column(),
    Column("run_id", String(26), primary_key=True),
    Column("begins_at", Moment, primary_key=True),  # of ten minutes
    Column("currency", String(3), primary_key=True),
    Column("last_at", Moment, nullable=False),  # the newest attempt that was ever counted here
    Column("attempted", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("attempted_minor", sa.BigInteger, nullable=False),
    Column("failed_minor", sa.BigInteger, nullable=False),
    refers_to("run", "company", "run_id"),
)
Index("ix_tally_by_time", tally.c.company, tally.c.begins_at)
Index("ix_tally_by_last", tally.c.company, tally.c.last_at)

_COLUMNS = "(company, run_id, begins_at, currency, last_at, attempted, failed, attempted_minor, failed_minor)"
_COUNTED = (
    "COUNT(*), SUM(CASE WHEN failed THEN 1 ELSE 0 END), SUM(amount_minor), SUM(CASE WHEN failed THEN amount_minor ELSE 0 END)"
)
_TENS = {
    "sqlite": "substr({at}, 1, 15) || '0:00.000000'",
    "postgresql": "date_bin('10 minutes', {at}, TIMESTAMPTZ '2000-01-01 00:00:00+00')",
}
_ADDED = (
    "ON CONFLICT (company, run_id, begins_at, currency) DO UPDATE SET attempted = tally.attempted + 1, "
    "failed = tally.failed + excluded.failed, attempted_minor = tally.attempted_minor + excluded.attempted_minor, "
    "failed_minor = tally.failed_minor + excluded.failed_minor, "
    "last_at = CASE WHEN excluded.last_at > tally.last_at THEN excluded.last_at ELSE tally.last_at END"
)


def _is_failed(row: str, value: str) -> str:
    return f"CASE WHEN {row}.failed THEN {value} ELSE 0 END"


def _add(dialect: str) -> str:
    begins_at = _TENS[dialect].format(at="NEW.at")
    key = f"NEW.company, NEW.run_id, {begins_at}, NEW.currency, NEW.at"
    counts = f"1, {_is_failed('NEW', '1')}, NEW.amount_minor, {_is_failed('NEW', 'NEW.amount_minor')}"
    return " ".join(("INSERT INTO tally", _COLUMNS, f"VALUES ({key}, {counts})", _ADDED))


def _take_off(dialect: str) -> str:
    begins_at = _TENS[dialect].format(at="OLD.at")
    counts = (
        "attempted = attempted - 1",
        f"failed = failed - {_is_failed('OLD', '1')}",
        "attempted_minor = attempted_minor - OLD.amount_minor",
        f"failed_minor = failed_minor - {_is_failed('OLD', 'OLD.amount_minor')}",
    )
    here = f"company = OLD.company AND run_id = OLD.run_id AND begins_at = {begins_at} AND currency = OLD.currency"
    return " ".join(("UPDATE tally SET", ", ".join(counts), "WHERE", here))


def count_what_is_there(dialect: str) -> str:
    """Counts every attempt that was kept before there were counters."""
    begins_at = _TENS[dialect].format(at="at")
    return (
        f"INSERT INTO tally {_COLUMNS} SELECT company, run_id, {begins_at}, currency, MAX(at), {_COUNTED} FROM attempt "  # noqa: S608
        f"WHERE first GROUP BY company, run_id, {begins_at}, currency"
    )


TALLY_KEEPERS_SQLITE = (
    f"CREATE TRIGGER tally_new AFTER INSERT ON attempt WHEN NEW.first BEGIN {_add('sqlite')}; END",
    f"CREATE TRIGGER tally_changed_off AFTER UPDATE ON attempt WHEN OLD.first BEGIN {_take_off('sqlite')}; END",
    f"CREATE TRIGGER tally_changed_on AFTER UPDATE ON attempt WHEN NEW.first BEGIN {_add('sqlite')}; END",
    f"CREATE TRIGGER tally_gone AFTER DELETE ON attempt WHEN OLD.first BEGIN {_take_off('sqlite')}; END",
)
TALLY_KEEPERS_POSTGRESQL = (
    "CREATE FUNCTION keep_tally() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    f"IF TG_OP <> 'INSERT' AND OLD.first THEN {_take_off('postgresql')}; END IF; "
    f"IF TG_OP <> 'DELETE' AND NEW.first THEN {_add('postgresql')}; END IF; "
    "RETURN NULL; END $$",
    "CREATE TRIGGER tally_kept AFTER INSERT OR UPDATE OR DELETE ON attempt FOR EACH ROW EXECUTE FUNCTION keep_tally()",
)
