"""Money on account where the payment's deposit account takes none: what then is not offered, and what is said instead. Pure."""

from __future__ import annotations

from receivables.diagnosis import Fact
from receivables.evidence import Evidence
from receivables.words import Words, plain
from rules.consequences import total_of, what_fits
from rules.kinds import kind


@kind
def account_takes_no_rest(fact: Fact, words: Words, *, account: str, setting: str) -> str:
    which = f"deposit account {plain(account)}" if account else "the deposit account"
    return (
        f"{which} takes no money on account; it takes only what is applied to invoices. Name a bank account for {plain(setting)} "
        "in deposit_accounts."
    )


def least_rest_minor(evidence: Evidence) -> int:
    """What of the payment stays on account at least: what no invoice takes, nor one in the place of another. Minor units."""
    taken = what_fits(evidence)
    fitting = {part.line for part in taken}
    replaced = sum(line.amount_minor for line in evidence.lines if line.successors and line.line not in fitting)
    return max(0, evidence.payment.amount_minor - total_of(taken) - replaced)


def told(evidence: Evidence) -> tuple[Fact, ...]:
    """That its deposit account takes no money on account, where some would have to stay there."""
    payment = evidence.payment
    if evidence.takes_no_rest is None or least_rest_minor(evidence) == 0:
        return ()
    return (account_takes_no_rest(account=evidence.takes_no_rest, setting=f"{payment.method}/{payment.currency}"),)
