"""A sync that dies between two pages of Stripe's charges, in real processes: the next one goes on, nothing doubles."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from command_line import write_settings
from stand_ins.localstripe_process import KEY, running

from receivables.failpoints import ARMED_BY


@pytest.mark.slow
def test_killed_after_a_page_the_next_sync_takes_the_rest_and_says_what_it_refused(tmp_path: Path) -> None:
    acme = write_settings(tmp_path)
    acme.config.write_text(acme.config.read_text().replace("[[person]]", '[company.feed]\nkind = "stripe"\n[[person]]', 1))
    acme.books("customer", "Hooli", at="2026-02-01T12:00")
    with running() as stripe:
        customer = stripe.customer()
        charges = {stripe.charge(customer, 100, customer="Hooli") for _ in range(120)}
        wrong = stripe.charge(customer, 100)
        given = {"RESOLVE_NOW_STRIPE_BASE_URL": stripe.url, "RESOLVE_NOW_ACME_STRIPE_API_KEY": KEY}
        killed = acme.run("sync", environment=given | {ARMED_BY: "intake.after_page"})
        assert -signal.SIGKILL == killed.code, killed.err
        assert 0 < len(acme.rows("SELECT 1 FROM payment")) <= 100
        again = acme.run("sync", environment=given)
    assert (0, True) == (again.code, f"{wrong}: metadata" in again.out), again.err
    assert charges == {number for (number,) in acme.rows("SELECT transaction_number FROM payment")}
    down = acme.run("sync", environment=given)
    assert (1, True) == (down.code, "the feed could not be read" in down.out), down.err
