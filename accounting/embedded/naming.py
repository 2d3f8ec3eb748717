"""Which record a bookkeeper means: by number or name as people call it, a receipt by its reference too, or by `#ID`."""

from __future__ import annotations

from pysqlite3.dbapi2 import Connection

from accounting.embedded import reading
from accounting.embedded.change import Kind
from receivables.errors import NotFound

LISTED_AT_MOST = 10  # ids named in a message before it says how many more there are


def find(connection: Connection, kind: Kind, text: str) -> str:
    """The id of the one living record of this kind called so. Names are compared without regard to case.

    Raises NotFound when there is none, and when there are several: the message lists their ids.
    """
    text = text.strip()
    if text.startswith("#"):
        matching = "d.id = :text"
        words = {"text": text[1:], "kind": kind.value}
    else:
        matching = "(d.number = :text COLLATE NOCASE OR d.id IN (SELECT id FROM receipts WHERE reference = :text))"
        words = {"text": text, "kind": kind.value}
    rows = connection.execute(
        f"SELECT d.id FROM documents d WHERE {matching} AND d.kind = :kind AND NOT d.deleted ORDER BY d.last_change",  # noqa: S608
        words,
    ).fetchall()
    if len(rows) == 1:
        return str(rows[0]["id"])
    if rows:
        ids = ", ".join(f"#{row['id']}" for row in rows[:LISTED_AT_MOST])
        more = f" and {len(rows) - LISTED_AT_MOST} more" if len(rows) > LISTED_AT_MOST else ""
        raise NotFound(f"{len(rows)} {kind.spoken}s are called {text}: {ids}{more}. Name one of them by its id.")
    raise NotFound(_not_found(connection, kind, text))


def find_all(connection: Connection, text: str) -> list[str]:
    """The ids of every record called so, of whatever kind, deleted ones included; oldest first. Raises NotFound."""
    text = text.strip()
    rows = connection.execute(
        "SELECT id FROM documents WHERE id = :id OR number = :text COLLATE NOCASE"
        " OR id IN (SELECT id FROM receipts WHERE reference = :text) ORDER BY created_at, last_change",
        {"id": text.removeprefix("#"), "text": text},
    ).fetchall()
    if not rows:
        raise NotFound(f"The books never had a document called {text}.")
    return [str(row["id"]) for row in rows]


def _not_found(connection: Connection, kind: Kind, text: str) -> str:
    deleted = connection.execute(
        "SELECT id FROM documents WHERE (number = ? OR id = ?) AND kind = ? AND deleted ORDER BY last_change DESC",
        (text, text.removeprefix("#"), kind),
    ).fetchone()
    if deleted is None:
        return f"The books have no {kind.spoken} called {text}."
    tombstone = reading.gone(connection, kind, [deleted["id"]])[0]
    by = f" by {tombstone.deleted.person}" if tombstone.deleted else ""
    return f"The {kind.spoken} {text} was deleted{by}; no other has that name."
