"""What the command line promises whoever uses it: exit codes, refusals in words, JSON that parses, nothing forged."""

from __future__ import annotations

import getpass
import json
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from command_line import CHECKOUT, PAID_AT, CommandLine, change_file, copied, load_books, read_rows, run_process, write_settings

from app.demo.tally import count

ENTERED_AT = "2026-03-04T11:30"
FIRST = ("TXN-1", "Hooli", "500.00", "1042:500.00")
HEADER = "transaction_number,customer,amount,currency,paid_at,method,invoices"
#: What a program may rely on in every failure.
FIELDS = (
    "transaction company customer amount_minor currency invoices state cause remedy alternatives confidence because incident "
    "attempts failed_at"
).split()


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """Books with two customers and three invoices, looked at by a first sync."""
    made = write_settings(tmp_path_factory.mktemp("opened"))
    load_books(
        made,
        {"H": "Hooli", "G": "Globex"},
        [("1042", "Hooli", "500.00"), ("1043", "Hooli", "90.00"), ("1044", "Globex", "120.00")],
    )
    made.sync()
    return made


@pytest.fixture(scope="session")
def after_void(opened: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """Payment TXN-1 fails, because its invoice was voided; TXN-2 is posted."""
    acme = copied(opened, tmp_path_factory.mktemp("void"))
    acme.take_in(FIRST, ("TXN-2", "Globex", "120.00", "1044:120.00"))
    acme.books("void-invoice", "1042", at=ENTERED_AT)
    assert (1, 1) == (acme.sync()["failed"], len(acme.receipts()))
    return acme


@pytest.fixture
def acme(opened: CommandLine, tmp_path: Path) -> CommandLine:
    return copied(opened, tmp_path)


@pytest.fixture
def failing(after_void: CommandLine, tmp_path: Path) -> CommandLine:
    return copied(after_void, tmp_path)


# --- exit codes and refusals ------------------------------------------------------------------------------------------


def test_nothing_failing_is_fine(acme: CommandLine) -> None:
    ran = acme.run("failures")

    assert (0, "There are no failed payments.\n", "") == (ran.code, ran.out, ran.err)
    assert [] == acme.answer("failures")


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        (1, ("show", "TXN-404"), "There is no payment TXN-404"),
        (1, ("decide", "TXN-404", "dismiss", "--as", "dana"), "There is no payment TXN-404"),
        (1, ("decide", "TXN-2", "dismiss", "--as", "dana"), "no open failure"),
        (1, ("decide", "TXN-1", "dismiss", "--as", "mallory"), "Nobody of that name is configured"),
        (1, ("decide", "TXN-1", "unapply_credit_memo", "--as", "dana"), "is not offered for this failure"),
        (1, ("reopen", "TXN-1", "--as", "dana"), "not dismissed"),
        (1, ("hide", "TXN-1"), "has an open failure"),
        (1, ("hide", "TXN-404", "--company", "acme"), "There is no payment TXN-404"),
        (2, ("search", "\udcff"), "is not UTF-8"),
        (2, ("decide", "TXN-1", "forget_it", "--as", "dana"), "forget_it"),
        (2, ("decide", "TXN-1", "dismiss"), "--as"),
        (2, ("search", "TXN", "--kind", "cheque"), "cheque"),
        (2, ("import", "nowhere.csv"), "could not be opened"),
    ],
)
def test_refusals_say_why_and_change_nothing(failing: CommandLine, code: int, words: tuple[str, ...], said: str) -> None:
    kept = "SELECT transaction_number, state, version, hidden_by FROM payment ORDER BY 1"
    before = failing.rows(kept)

    ran = failing.run(*words)

    assert (code, "") == (ran.code, ran.out)
    assert said in " ".join(ran.err.split())
    assert "Traceback" not in ran.err
    assert before == failing.rows(kept)


def test_nobody_configured_means_nobody_may(failing: CommandLine) -> None:
    write_settings(failing.folder, people=False)

    ran = failing.run("decide", "TXN-1", "dismiss", "--as", "dana")

    assert 1 == ran.code
    assert "Nobody of that name is configured" in ran.err
    assert [("decision.not_permitted",)] == failing.rows("SELECT action FROM audit WHERE action LIKE 'decision%'")


def test_amount_above_the_limit_waits_for_a_second_person(failing: CommandLine) -> None:
    told = failing.answer("decide", "TXN-1", "keep_on_account", "--as", "sam")

    assert ("waiting_approval", "failed") == (told["state"], told["payment"])
    second = failing.run("decide", "TXN-1", "keep_on_account", "--as", "dana")
    assert (1, 1) == (second.code, len(failing.receipts()))  # the command line never counts as the second person
    assert "Sam Okafor already chose" in second.err


def test_configuration_that_cannot_be_used_is_wrong_usage(tmp_path: Path) -> None:
    acme = CommandLine(tmp_path)
    missing = acme.run("failures")
    write_settings(tmp_path)
    acme.config.write_text(acme.config.read_text().replace('writes = "on"', 'writes = "perhaps"\ntenant = 7'))
    wrong = acme.run("failures")
    acme.config.write_text('[[company]\nid = "acme"')
    unreadable = acme.run("failures")

    assert [2, 2, 2] == [missing.code, wrong.code, unreadable.code]
    assert "does not exist" in missing.err
    assert "has 2 problems" in wrong.err
    assert "line 1" in unreadable.err
    assert ["", "", ""] == [missing.out, wrong.out, unreadable.out]


def test_unknown_outcome_is_for_nobody_to_decide(acme: CommandLine) -> None:
    acme.take_in(FIRST)
    child = [sys.executable, str(CHECKOUT / "tests" / "child.py"), str(acme.config)]
    assert 0 == run_process([*child, "--unanswered", "TXN-1"], {}).code
    assert ("posting", "unknown") == acme.rows("SELECT state, bucket FROM payment")[0]
    found = acme.failing()
    assert ("outcome_unknown", []) == (found["cause"], found["alternatives"])

    refused = [acme.run("decide", "TXN-1", remedy, "--as", "dana") for remedy in ("recreate_receipt", "dismiss", "retry")]

    assert [1, 1, 1] == [ran.code for ran in refused]
    assert "keep checking the books" in refused[0].err
    assert 0 == run_process([*child, "--later", "10"], {}).code
    assert ("verified", [("TXN-1", 50_000, 0)]) == (acme.state(), acme.receipts())


# --- taking in --------------------------------------------------------------------------------------------------------

BAD_LINES = [
    ("amount", f"TXN-2,Hooli,NaN,USD,{PAID_AT},card,"),
    ("currency", f"TXN-3,Hooli,5.00,US$,{PAID_AT},card,"),
    ("paid_at", "TXN-4,Hooli,5.00,USD,03/31/2026,card,"),
    ("transaction_number", f",Hooli,5.00,USD,{PAID_AT},card,"),
    ("customer", f"TXN-6,,5.00,USD,{PAID_AT},card,"),
    ("invoices", f"TXN-7,Hooli,5.00,USD,{PAID_AT},card,1042:6.00"),
    ("invoices", f"TXN-8,Hooli,5.00,USD,{PAID_AT},card,1042"),
    ("transaction_number", f"TXN-1,Hooli,5.00,USD,{PAID_AT},card,"),
    ("whole line", "TXN-10,Hooli,5.00,USD"),
    ("customer", f'TXN-11,"<!channel> [red]x[/red]\nStatus: paid",5.00,USD,{PAID_AT},card,'),
]
BAD_AMOUNTS = [
    *("NaN", "Infinity", "1e400", "-0.00", "1e3", "1_000", " 10 ", "１０.00", "0x10", "4" * 40, "1.005", "0.00", "+5"),
    *("1,5", "5.", ".5", "--5"),
]


def test_file_with_ten_kinds_of_bad_lines_is_refused_whole(acme: CommandLine) -> None:
    good = f"TXN-1,Hooli,500.00,USD,{PAID_AT},card,1042:500.00"
    path = acme.folder / "bad.csv"
    path.write_text("\n".join([HEADER, good, *(line for _, line in BAD_LINES)]) + "\n", encoding="utf-8")

    ran = acme.run("import", str(path), "--json")
    words = acme.run("import", str(path))

    assert (2, 2) == (ran.code, words.code)
    located = [(problem["line"], problem["column"]) for problem in ran.json["problems"]]
    assert [(line, column) for line, (column, _) in enumerate(BAD_LINES, start=3)] == located
    assert all(problem["message"] and problem["remedy"] for problem in ran.json["problems"])
    told = words.err.splitlines()
    assert 11 == len(told)  # one for the file, and one for each line; nothing in a file makes a line of its own
    assert [f"  line {line}, {column}" for line, column in located] == [line.partition(":")[0] for line in told[1:]]
    assert [] == acme.rows("SELECT * FROM payment")


def test_every_form_of_amount_that_is_none_is_refused(acme: CommandLine) -> None:
    path = acme.folder / "amounts.csv"
    lines = [f'TXN-{place},Hooli,"{amount}",USD,{PAID_AT},card,' for place, amount in enumerate(BAD_AMOUNTS)]
    path.write_text("\n".join([HEADER, *lines, f"TXN-J,Hooli,5.00,JPY,{PAID_AT},card,"]) + "\n", encoding="utf-8")

    ran = acme.run("import", str(path), "--json")

    assert 2 == ran.code
    located = [(problem["line"], problem["column"]) for problem in ran.json["problems"]]
    assert [(line, "amount") for line in range(2, len(BAD_AMOUNTS) + 3)] == located
    assert [] == acme.rows("SELECT * FROM payment")


def test_partial_takes_the_good_lines_and_says_which_were_left_out(acme: CommandLine) -> None:
    path = acme.folder / "some.csv"
    path.write_text("\n".join([HEADER, ",".join((*FIRST[:3], "USD", PAID_AT, "card", FIRST[3])), BAD_LINES[0][1]]) + "\n")

    told = acme.answer("import", str(path), "--partial")

    assert (1, [(3, "amount")]) == (told["new"], [(line["line"], line["column"]) for line in told["left_out"]])
    assert [("TXN-1",)] == acme.rows("SELECT transaction_number FROM payment")
    assert "left out: line 3, amount" in acme.run("import", str(path), "--partial").out


def test_same_file_twice_changes_nothing_and_other_content_is_a_failure_of_its_own(acme: CommandLine) -> None:
    assert (1, 0) == ((first := acme.take_in(FIRST))["new"], first["same"])
    assert (0, 1) == ((again := acme.take_in(FIRST))["new"], again["same"])
    other = acme.take_in(("TXN-1", "Hooli", "450.00", "1042:450.00"), name="other.csv")
    acme.sync()

    assert (0, 1) == (other["new"], other["conflicts"])
    found = acme.failing()
    assert ("duplicate_reference", 50_000, "accept_correction") == (found["cause"], found["amount_minor"], found["remedy"])
    assert "amount $500.00 → $450.00" in found["sentence"]
    assert [] == acme.receipts()  # nobody has said yet which record holds
    assert "done" == acme.answer("decide", "TXN-1", "dismiss", "--as", "dana")["state"]
    acme.sync()
    assert (None, "verified", [("TXN-1", 50_000, 0)]) == (acme.failing(), acme.state(), acme.receipts())


def test_payment_before_the_start_is_never_posted(acme: CommandLine) -> None:
    told = acme.take_in(("TXN-0", "Hooli", "500.00", "1042:500.00", "2025-12-31T23:59:59-06:00"), (*FIRST, "2026-03-01"))
    acme.sync()

    assert (1, 1) == (told["excluded"], told["new"])
    assert ("excluded", [("TXN-1", 50_000, 0)]) == (acme.state("TXN-0"), acme.receipts())


def test_writes_off_posts_nothing_and_the_preview_says_what_it_would_do(acme: CommandLine) -> None:
    write_settings(acme.folder, writes="off")
    acme.take_in(FIRST, ("TXN-2", "Globex", "130.00", "1044:130.00"))
    said = acme.run("sync")

    preview = acme.answer("sync", "--dry-run")["acme"]

    assert ("received", []) == (acme.state(), acme.receipts())
    assert "writes are off" in said.out
    would = {line["transaction"]: (line["would"], line["amount_minor"], bool(line["sentence"])) for line in preview}
    assert {"TXN-1": ("post", 50_000, False), "TXN-2": ("fail", 13_000, True)} == would
    write_settings(acme.folder, writes="on")
    acme.sync()
    assert [("TXN-1", 50_000, 0)] == acme.receipts()


# --- looking ----------------------------------------------------------------------------------------------------------


def test_failure_carries_every_promised_field(after_void: CommandLine) -> None:
    (found,) = after_void.answer("failures")

    assert FIELDS == list(found)[: len(FIELDS)]
    assert ("TXN-1", "acme", "Hooli", 50_000, "USD") == tuple(found[name] for name in FIELDS[:5])
    assert (["1042"], "open", "invoice_voided", 1) == (found["invoices"], found["state"], found["cause"], found["attempts"])
    assert {"fact", "document", "person", "at"} <= set(found["because"][0])
    voided = [(fact["document"], fact["person"], fact["at"]) for fact in found["because"] if fact["person"]]
    assert [("invoice 1042", "Bea Bookkeeper", "2026-03-04T17:30:00+00:00")] == voided
    assert found["failed_at"].endswith("+00:00")


def test_story_tells_everything_an_auditor_asks_for(failing: CommandLine) -> None:
    failing.answer("decide", "TXN-1", "keep_on_account", "--as", "dana", "--reason", "for the next invoice")

    told = failing.run("show", "TXN-1").out
    story = failing.answer("show", "TXN-1")

    ((receipt, key),) = [(effect["document_id"], effect["key"]) for effect in story["effects"]]
    number = story["receipts_in_books"][receipt]["number"]
    invoice = story["bindings"][0]["binding"]["invoice_id"]
    hashes = [row["hash"] for row in story["record"]]
    wanted = ["payments.csv", invoice, "voided", "Bea Bookkeeper", "keep_on_account", f"cli ({getpass.getuser()})", "dana"]
    wanted += ["for the next invoice", key[:12], number, "unbroken", *(digest[:12] for digest in hashes)]
    assert [] == [word for word in wanted if word not in told]
    assert (getpass.getuser(), "verified") == (story["decisions"][0]["os_account"], story["payment"]["state"])
    assert len(hashes) >= 8


def test_search_finds_what_is_hidden_only_when_asked_and_sums_still_count_it(failing: CommandLine) -> None:
    assert ["TXN-1", "TXN-2"] == sorted(match["number"] for match in failing.answer("search", "txn-", "--kind", "payment"))
    assert ["TXN-2"] == [match["number"] for match in failing.answer("search", "120.00", "--kind", "payment")]
    assert ["1042"] == [match["number"] for match in failing.answer("search", "1042", "--kind", "invoice")]

    failing.answer("hide", "TXN-2")

    assert ["TXN-1"] == [match["number"] for match in failing.answer("search", "TXN-", "--kind", "payment")]
    assert 2 == len(failing.answer("search", "TXN-", "--kind", "payment", "--include-hidden"))
    assert "1 hidden payment matches as well; hidden:yes shows it." in failing.run("search", "TXN-").err
    failing.answer("unhide", "TXN-2")
    assert 2 == len(failing.answer("search", "TXN-", "--kind", "payment"))
    assert "Nothing here contains 'nothing-like-it'." in failing.run("search", "nothing-like-it").out


def test_record_that_was_tampered_with_is_bad_news(failing: CommandLine) -> None:
    assert (0, "acme: the record is unbroken.\n") == ((ran := failing.run("audit", "verify")).code, ran.out)
    exported = [json.loads(line) for line in failing.run("audit", "export", "--transaction", "TXN-1").out.splitlines()]
    assert "payment.received" == exported[0]["action"]
    triggers = failing.rows("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'")
    change_file(
        failing.database,
        *(f'DROP TRIGGER "{name}"' for (name,) in triggers),
        "UPDATE audit SET body = replace(body, '50000', '40000') WHERE action = 'payment.received'",
    )

    ran = failing.run("audit", "verify", "--json")

    assert (1, False) == (ran.code, ran.json["acme"]["unbroken"])
    assert exported[0]["seq"] == ran.json["acme"]["break"]["seq"]


def test_no_name_forges_a_line_or_markup(acme: CommandLine) -> None:
    name = "<!channel> [red]x[/red]"
    acme.books("customer", name, at="2026-02-01T09:00")
    acme.books("invoice", "9001", "--customer", name, "--amount", "70.00", "--on", "2026-02-01", at="2026-02-01T09:00")
    acme.take_in(("TXN-9", name, "70.00", "9001:70.00"))
    acme.sync()
    acme.books("receipt", "Globex", "1.00", "--memo", "[bold]\nStatus: paid", at=ENTERED_AT)
    forger = "Bea\nStatus: paid\n[/red]"
    acme.run("books", "void-invoice", "1042", "--by", forger, "--at", ENTERED_AT)
    acme.take_in(FIRST, name="forged.csv")
    acme.sync()
    acme.run("decide", "TXN-1", "keep_on_account", "--as", "dana", "--reason", "because\nStatus: paid")

    commands = [
        ("failures", "--all"), ("show", "TXN-9"), ("show", "TXN-1"), ("search", "x"), ("search", "\nStatus: paid"),
        ("show", "TXN\nStatus: paid"), ("books", "list", "customers"), ("books", "list", "receipts"),
        ("books", "history", "1042"),
    ]  # fmt: skip
    shown = [acme.run(*words) for words in commands]

    assert [0, 0, 0, 0, 0, 1, 0, 0, 0] == [ran.code for ran in shown]
    lines = [line for ran in shown for line in (ran.out + ran.err).splitlines()]
    assert [] == [line for line in lines if line.lstrip(" │┃").startswith("Status:")]
    assert "\x1b" not in "".join(lines)
    assert f"Payment TXN-9 from {name}, $70.00 by card" in shown[1].out
    assert name in shown[3].out


def test_what_needs_no_books_works_while_they_are_away(failing: CommandLine) -> None:
    failing.books_file.rename(failing.folder / "elsewhere.sqlite")

    assert ["TXN-1"] == [failure["transaction"] for failure in failing.answer("failures")]
    assert "cannot be found" in failing.answer("show", "TXN-2")["books_unread"]
    assert 0 == failing.run("search", "TXN").code
    synced = failing.run("sync", "--json")
    assert (1, True) == (synced.code, "cannot be found" in synced.json[0]["problem"])
    decided = failing.run("decide", "TXN-1", "keep_on_account", "--as", "dana")
    assert (1, True) == (decided.code, decided.out.startswith("Recorded. The books cannot be reached right now"))
    assert not failing.books_file.exists()  # books that are away are never begun anew
    (failing.folder / "elsewhere.sqlite").rename(failing.books_file)
    assert ("", 1) == ((counts := failing.sync())["problem"], counts["decided"])
    assert ("verified", "verified", []) == (failing.state("TXN-1"), failing.state("TXN-2"), failing.unsettled())


# --- the demo ---------------------------------------------------------------------------------------------------------


def test_demo_ends_with_nothing_lost_or_doubled_and_its_tally_can_fail(tmp_path: Path) -> None:
    ran = CommandLine(tmp_path).run("demo", "--once", "--json", "--folder", str(tmp_path))

    assert (0, {"lost", "doubled", "payments"}) == (ran.code, set(ran.json))
    assert (0, 0, 25) == (ran.json["lost"], ran.json["doubled"], len(ran.json["payments"]))
    assert {"exactly once", "rightly not posted"} == {payment["verdict"] for payment in ran.json["payments"]}
    payments, books = tmp_path / "payments.csv", tmp_path / "acme-books.sqlite"
    start_on = date.fromisoformat(
        next(line for line in (tmp_path / "resolve-now.toml").read_text().splitlines() if "start_on" in line)[-10:]
    )
    assert (0, 0) == ((before := count(payments, books, start_on)).lost, before.doubled)
    _ties_out(CommandLine(tmp_path), start_on + timedelta(days=12))
    first, second = (row[0] for row in read_rows(books, "SELECT id FROM receipts WHERE voided = 0 ORDER BY id LIMIT 2"))

    change_file(books, f"UPDATE receipts SET voided = 1, amount_minor = 0, unapplied_minor = 0 WHERE id = '{first}'")
    assert (1, 0) == ((voided := count(payments, books, start_on)).lost, voided.doubled)
    change_file(books, *_copy_of_receipt(books, second))
    assert (1, 1) == ((after := count(payments, books, start_on)).lost, after.doubled)


def _ties_out(demo: CommandLine, today: date) -> None:
    """The month-end package of the demo ties to the general ledger of its books to the cent."""
    (told,) = demo.answer("report", "--month", f"{today:%Y-%m}", "--out", str(demo.folder / "reports"))
    assert (True, 0) == (told["adds_up"], told["currencies"]["USD"]["not_recorded_minor"])
    ledger = {of["account"]: of["debit_minor"] for of in demo.answer("books", "trial-balance")["balances"]}
    (account,) = told["deposit_accounts"]
    assert ledger["Undeposited funds"] == account["closing_minor"] > 0
    assert ledger["Accounts receivable"] + ledger["Customer deposits"] == told["receivables"]["USD"]["at_end_minor"]


def _copy_of_receipt(books: Path, receipt_id: str) -> list[str]:
    """Statements that enter the same receipt once more, as somebody with a key to the file could."""
    statements = []
    for table, fresh in (("documents", {"last_change": "last_change + 1000000"}), ("receipts", {})):
        columns = [name for (name,) in read_rows(books, f"SELECT name FROM pragma_table_info('{table}')")]
        values = [f"'{receipt_id}-again'" if name == "id" else fresh.get(name, name) for name in columns]
        statements.append(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {table} WHERE id = '{receipt_id}'"
        )
    return statements
