"""A changed configuration in a running process: rights, `writes` and a broken file are those of now, and nothing is lost."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

from command_line import CommandLine, load_books, write_settings
from running import running, until

from app.settings_now import SettingsNow
from receivables.failpoints import ARMED_BY

START_SECONDS = 90
TAKEN_UP_SECONDS = 60  # ten where nothing else runs; what is asserted is that, not when
ENTERED_AT = "2026-03-04T11:30"
HTTP = "[http]\nport = 0\n"


def a_failing_company(folder: Path, *, more: str = "") -> CommandLine:
    """Hooli paid 1001, to which a credit memo was applied since; a payment of 1002 waits to be posted."""
    acme = write_settings(folder, more=more)
    load_books(acme, {"H": "Hooli"}, [("1001", "Hooli", "50.00"), ("1002", "Hooli", "7.00")])
    acme.take_in(("TXN-1", "Hooli", "50.00", "1001:50.00"))
    acme.books("credit-memo", "CM-1", "--customer", "Hooli", "--amount", "5.00", "--on", "2026-03-04", at=ENTERED_AT)
    acme.books("apply-credit", "CM-1", "--to", "1001", "--amount", "5.00", at=ENTERED_AT)
    assert 1 == acme.sync()["failed"]
    return acme


def change(acme: CommandLine, old: str, new: str) -> str:
    """Changes the configuration as an administrator does, and returns what it was."""
    before = acme.config.read_text(encoding="utf-8")
    assert old in before
    acme.config.write_text(before.replace(old, new), encoding="utf-8")
    return before


def health(log: str) -> Any:
    port = next(json.loads(line)["port"] for line in log.splitlines() if '"listening"' in line)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as answer:
        return json.load(answer)


def test_writes_switched_off_stop_sending_at_once_and_what_was_planned_waits(tmp_path: Path) -> None:
    """A decision's chain and a payment are planned and not sent when the file says off; nothing leaves until it says on."""
    acme = a_failing_company(tmp_path)
    died = acme.run("decide", "TXN-1", "unapply_credit_memo", "--as", "dana", environment={ARMED_BY: "decisions.after_plan"})
    assert (-9, "") == (died.code, died.out)
    change(acme, 'writes = "on"', 'writes = "off"')
    with running(acme, "run") as process:
        until(lambda: '"running"' in process.log, START_SECONDS, lambda: process.log)
        acme.take_in(("TXN-2", "Hooli", "7.00", "1002:7.00"), name="second.csv")
        acme.answer("sync")
        assert ([], {"planned"}) == (acme.receipts(), {state for _, state in acme.unsettled()})
        change(acme, 'writes = "off"', 'writes = "on"')
        until(lambda: acme.state() == "verified", START_SECONDS, lambda: process.log)
        until(lambda: "configuration taken up" in process.log, TAKEN_UP_SECONDS, lambda: process.log)
        assert 0 == process.stop()
    acme.sync()
    assert [("TXN-1", 5_000, 0), ("TXN-2", 700, 0)] == acme.receipts()
    assert "Traceback" not in process.log


def test_a_broken_or_missing_file_stops_decisions_and_sending_and_is_named(tmp_path: Path) -> None:
    acme = a_failing_company(tmp_path, more=HTTP)
    died = acme.run("decide", "TXN-1", "unapply_credit_memo", "--as", "dana", environment={ARMED_BY: "decisions.after_plan"})
    assert -9 == died.code
    right = acme.config.read_text(encoding="utf-8")
    acme.config.write_text(right.replace('writes = "on"', 'writes = "off"'), encoding="utf-8")
    with running(acme, "run") as process:
        until(lambda: '"listening"' in process.log, START_SECONDS, lambda: process.log)
        acme.config.write_text(right.replace('name = "Acme Networks"', "name = Acme"), encoding="utf-8")
        until(lambda: "cannot be used" in process.log, TAKEN_UP_SECONDS, lambda: process.log)
        assert "resolve-now.toml, line " in health(process.log)["nothing_is_sent"]
        acme.config.unlink()
        until(lambda: "does not exist" in process.log, TAKEN_UP_SECONDS, lambda: process.log)
        assert "resolve-now.toml does not exist" in health(process.log)["nothing_is_sent"]
        assert [] == acme.receipts()
        acme.config.write_text(right.replace("port = 0", "port = 1"), encoding="utf-8")
        until(lambda: acme.state() == "verified", START_SECONDS, lambda: process.log)
        until(lambda: "restart needed" in process.log, TAKEN_UP_SECONDS, lambda: process.log)
        now = health(process.log)
        assert (True, True, None) == (now["alive"], now["ready"], now.get("nothing_is_sent"))
        assert 0 == process.stop()
    assert [("TXN-1", 5_000, 0)] == acme.receipts()
    assert "Traceback" not in process.log


RIGHTS = 'remedies = ["unapply_credit_memo", "recreate_receipt", "dismiss", "apply_receipt", "keep_on_account", "retry"]'


def test_what_holds_is_the_file_as_it_is_now_and_the_rest_needs_a_restart(tmp_path: Path) -> None:
    acme = write_settings(tmp_path)
    configured = SettingsNow(acme.config, {})
    people = configured.people()  # kept, as the bot keeps it
    assert ([], True) == (configured.news(), people["dana"].active)

    change(acme, 'name = "Dana Reyes"', 'name = "Dana Reyes"\nactive = false')
    assert (False, True) == (people["dana"].active, configured.standing("acme").writes)

    change(acme, 'writes = "on"', 'writes = "off"\nsolo = true')
    assert (False, True) == (configured.standing("acme").writes, configured.settings.company("acme").company.solo)

    change(acme, 'time_zone = "America/Chicago"', 'time_zone = "America/New_York"')
    change(acme, 'temper = "strict"', 'temper = "swallowing"')
    assert "America/Chicago" == str(configured.settings.company("acme").time_zone)
    (told,) = [news.detail for news in configured.news() if news.detail]
    assert ("company acme, time_zone", "company acme, books") == told

    right = change(acme, 'writes = "off"', 'writes = "perhaps"')
    assert "company acme, writes" in configured.problem
    assert (False, False) == (people["dana"].active, configured.standing("acme").problem == "")
    acme.config.write_text(right.replace('id = "acme"', 'id = "globex"').replace('company = "acme"', 'company = "globex"'))
    assert (False, "") == (configured.standing("acme").writes, configured.problem)


def test_a_file_that_was_replaced_by_one_as_old_and_as_long_is_taken_up(tmp_path: Path) -> None:
    import os  # noqa: PLC0415

    acme = write_settings(tmp_path)
    configured = SettingsNow(acme.config, {})
    held = acme.config.stat()
    text = acme.config.read_text(encoding="utf-8").replace('"Dana Reyes"', '"Dana Seyer"')
    other = tmp_path / "other.toml"
    other.write_text(text, encoding="utf-8")
    os.utime(other, ns=(held.st_atime_ns, held.st_mtime_ns))
    other.rename(acme.config)
    assert "Dana Seyer" == configured.people()["dana"].name
