"""How the embedded books lie in their file: which figures stand where, and which can never be wrong.

Every record has a head in `documents`: its number, its version, who made and who last changed it. The head
stays when the record is deleted, so that a deleted document can be named. Open balances are kept by triggers
and bounded by CHECKs: no statement, ours or anybody's, can apply the same money twice.
"""

from __future__ import annotations

SCHEMA_VERSION = 4

#: Larger than any real document, small enough that sums of millions of them stay exact in 64 bits.
LARGEST_AMOUNT_MINOR = 10**15

# What version 1 did not have; `upgrading` adds it to books of that version. A fee is no part of the receipt it names.
# `reopened` are the invoices that a return took the receipt off: documents, because an invoice may be deleted later.
MONEY_OUT = f"""
CREATE TABLE money_out (
    id TEXT PRIMARY KEY REFERENCES documents (id),
    kind TEXT NOT NULL CHECK (kind IN ('return', 'refund', 'chargeback', 'fee')),
    receipt_id TEXT NOT NULL REFERENCES receipts (id),
    amount_minor INTEGER NOT NULL CHECK (amount_minor BETWEEN 1 AND {LARGEST_AMOUNT_MINOR}),
    paid_on TEXT NOT NULL CHECK (paid_on IS date(paid_on)),
    memo TEXT NOT NULL,
    marker TEXT NOT NULL
) STRICT;
CREATE INDEX money_out_of_receipt ON money_out (receipt_id);
CREATE INDEX money_out_marked ON money_out (marker) WHERE marker <> '';

CREATE TABLE reopened (
    money_out_id TEXT NOT NULL REFERENCES money_out (id),
    invoice_id TEXT NOT NULL REFERENCES documents (id),
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    applied_on TEXT CHECK (applied_on IS date(applied_on)),
    PRIMARY KEY (money_out_id, invoice_id)
) STRICT;
"""

TABLES = f"""
CREATE TABLE settings (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    temper TEXT NOT NULL CHECK (temper IN ('strict', 'swallowing')),
    home_currency TEXT NOT NULL CHECK (length(home_currency) = 3),
    closed_through TEXT CHECK (closed_through IS date(closed_through)),
    auto_apply_credits INTEGER NOT NULL DEFAULT 0 CHECK (auto_apply_credits IN (0, 1)),
    last_number INTEGER NOT NULL DEFAULT 1000
) STRICT;

CREATE TABLE history (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    document_id TEXT NOT NULL,
    what TEXT NOT NULL CHECK (what <> ''),
    person TEXT NOT NULL CHECK (person <> ''),
    at TEXT NOT NULL
) STRICT;
CREATE INDEX history_of_document ON history (document_id, seq);

CREATE TABLE documents (
    id TEXT PRIMARY KEY CHECK (id <> ''),
    kind TEXT NOT NULL CHECK (kind IN ('customer', 'invoice', 'credit_memo', 'credit_application', 'receipt', 'money_out')),
    number TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1)),
    last_change INTEGER NOT NULL UNIQUE REFERENCES history (seq)
) STRICT;
CREATE INDEX documents_by_number ON documents (number);
CREATE INDEX documents_as_typed ON documents (number COLLATE NOCASE);

CREATE TABLE customers (
    id TEXT PRIMARY KEY REFERENCES documents (id),
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    merged_into TEXT REFERENCES customers (id) CHECK (merged_into <> id),
    parent_id TEXT REFERENCES customers (id) CHECK (parent_id <> id),
    full_name TEXT NOT NULL DEFAULT '',
    CHECK (merged_into IS NULL OR active = 0)
) STRICT;

CREATE TABLE accounts (
    name TEXT PRIMARY KEY CHECK (name <> ''),
    active INTEGER NOT NULL CHECK (active IN (0, 1))
) STRICT;

CREATE TABLE invoices (
    id TEXT PRIMARY KEY REFERENCES documents (id),
    customer_id TEXT NOT NULL REFERENCES customers (id),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    total_minor INTEGER NOT NULL CHECK (total_minor BETWEEN 0 AND {LARGEST_AMOUNT_MINOR}),
    open_minor INTEGER NOT NULL CHECK (open_minor BETWEEN 0 AND total_minor),
    issued_on TEXT NOT NULL CHECK (issued_on IS date(issued_on)),
    standing TEXT NOT NULL CHECK (standing IN ('draft', 'issued', 'voided')),
    item TEXT NOT NULL DEFAULT '',
    due_on TEXT CHECK (due_on IS date(due_on)),
    CHECK ((standing = 'voided') = (total_minor = 0)),
    CHECK (standing <> 'draft' OR open_minor = total_minor)
) STRICT;
CREATE INDEX invoices_of_customer ON invoices (customer_id, issued_on);

CREATE TABLE credit_memos (
    id TEXT PRIMARY KEY REFERENCES documents (id),
    customer_id TEXT NOT NULL REFERENCES customers (id),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    total_minor INTEGER NOT NULL CHECK (total_minor BETWEEN 1 AND {LARGEST_AMOUNT_MINOR}),
    open_minor INTEGER NOT NULL CHECK (open_minor BETWEEN 0 AND total_minor),
    issued_on TEXT NOT NULL CHECK (issued_on IS date(issued_on)),
    reason TEXT NOT NULL DEFAULT '',
    memo TEXT NOT NULL DEFAULT '',
    voided INTEGER NOT NULL DEFAULT 0 CHECK (voided IN (0, 1))
) STRICT;
CREATE INDEX credit_memos_of_customer ON credit_memos (customer_id, issued_on);

CREATE TABLE credit_applications (
    id TEXT PRIMARY KEY REFERENCES documents (id),
    credit_memo_id TEXT NOT NULL REFERENCES credit_memos (id),
    invoice_id TEXT NOT NULL REFERENCES invoices (id),
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    applied_on TEXT NOT NULL CHECK (applied_on IS date(applied_on)),
    marker TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX credit_applications_of_memo ON credit_applications (credit_memo_id);
CREATE INDEX credit_applications_on_invoice ON credit_applications (invoice_id);
CREATE INDEX credit_applications_marked ON credit_applications (marker) WHERE marker <> '';

CREATE TABLE receipts (
    id TEXT PRIMARY KEY REFERENCES documents (id),
    customer_id TEXT NOT NULL REFERENCES customers (id),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    amount_minor INTEGER NOT NULL CHECK (amount_minor BETWEEN 0 AND {LARGEST_AMOUNT_MINOR}),
    unapplied_minor INTEGER NOT NULL CHECK (unapplied_minor BETWEEN 0 AND amount_minor),
    received_on TEXT NOT NULL CHECK (received_on IS date(received_on)),
    method TEXT NOT NULL,
    reference TEXT NOT NULL,
    memo TEXT NOT NULL,
    marker TEXT NOT NULL,
    marker_stem TEXT NOT NULL,
    deposit_account TEXT NOT NULL,
    deposited_on TEXT CHECK (deposited_on IS date(deposited_on)),
    voided INTEGER NOT NULL DEFAULT 0 CHECK (voided IN (0, 1)),
    CHECK (voided = (amount_minor = 0)),
    CHECK (deposited_on IS NULL OR voided = 0)
) STRICT;
CREATE INDEX receipts_of_customer ON receipts (customer_id, received_on);
CREATE INDEX receipts_by_reference ON receipts (reference);
CREATE INDEX receipts_marked ON receipts (marker) WHERE marker <> '';
CREATE INDEX receipts_with_stem ON receipts (marker_stem) WHERE marker <> '';

CREATE TABLE receipt_lines (
    position INTEGER PRIMARY KEY,
    receipt_id TEXT NOT NULL REFERENCES receipts (id),
    invoice_id TEXT NOT NULL REFERENCES invoices (id),
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    applied_on TEXT CHECK (applied_on IS date(applied_on)),
    UNIQUE (receipt_id, invoice_id)
) STRICT;
CREATE INDEX receipt_lines_on_invoice ON receipt_lines (invoice_id);
{MONEY_OUT}
CREATE TABLE idempotency_keys (
    key TEXT PRIMARY KEY CHECK (key <> ''),
    body_hash TEXT NOT NULL,
    answers TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
"""

MONEY_OUT_TRIGGERS = """
CREATE TRIGGER money_paid_out AFTER INSERT ON money_out WHEN NEW.kind <> 'fee' BEGIN
    UPDATE receipts SET unapplied_minor = unapplied_minor - NEW.amount_minor WHERE id = NEW.receipt_id;
END;
CREATE TRIGGER money_put_back AFTER DELETE ON money_out WHEN OLD.kind <> 'fee' BEGIN
    UPDATE receipts SET unapplied_minor = unapplied_minor + OLD.amount_minor WHERE id = OLD.receipt_id;
END;
CREATE TRIGGER money_out_is_final BEFORE UPDATE ON money_out BEGIN
    SELECT RAISE(ABORT, 'an entry that pays money out is deleted and made anew, never updated');
END;
"""

# An application of money is inserted or deleted, never updated, so that these four see every movement.
TRIGGERS = """
CREATE TRIGGER receipt_line_applied AFTER INSERT ON receipt_lines BEGIN
    UPDATE invoices SET open_minor = open_minor - NEW.amount_minor WHERE id = NEW.invoice_id;
    UPDATE receipts SET unapplied_minor = unapplied_minor - NEW.amount_minor WHERE id = NEW.receipt_id;
END;
CREATE TRIGGER receipt_line_taken_off AFTER DELETE ON receipt_lines BEGIN
    UPDATE invoices SET open_minor = open_minor + OLD.amount_minor WHERE id = OLD.invoice_id;
    UPDATE receipts SET unapplied_minor = unapplied_minor + OLD.amount_minor WHERE id = OLD.receipt_id;
END;
CREATE TRIGGER credit_applied AFTER INSERT ON credit_applications BEGIN
    UPDATE invoices SET open_minor = open_minor - NEW.amount_minor WHERE id = NEW.invoice_id;
    UPDATE credit_memos SET open_minor = open_minor - NEW.amount_minor WHERE id = NEW.credit_memo_id;
END;
CREATE TRIGGER credit_taken_off AFTER DELETE ON credit_applications BEGIN
    UPDATE invoices SET open_minor = open_minor + OLD.amount_minor WHERE id = OLD.invoice_id;
    UPDATE credit_memos SET open_minor = open_minor + OLD.amount_minor WHERE id = OLD.credit_memo_id;
END;
CREATE TRIGGER receipt_line_is_final BEFORE UPDATE ON receipt_lines BEGIN
    SELECT RAISE(ABORT, 'a receipt line is taken off and applied anew, never updated');
END;
CREATE TRIGGER credit_application_is_final BEFORE UPDATE ON credit_applications BEGIN
    SELECT RAISE(ABORT, 'a credit application is taken off and applied anew, never updated');
END;
CREATE TRIGGER history_is_not_rewritten BEFORE UPDATE ON history BEGIN
    SELECT RAISE(ABORT, 'history is not rewritten');
END;
CREATE TRIGGER history_is_not_deleted BEFORE DELETE ON history BEGIN
    SELECT RAISE(ABORT, 'history is not deleted');
END;
"""
