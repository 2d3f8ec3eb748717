"""The account in which the money is deposited takes none."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Finding, Remedy
from receivables.evidence import Evidence
from receivables.quoting import MESSAGE_AT_MOST, ended
from receivables.refusal import Refusal
from receivables.words import Words, plain
from rules import observations, phrases
from rules.cause_file import CauseFile
from rules.invoice_lines import Flaw
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import CUSTOMER_READY, nothing_but, refused


@rule(
    Cause.ACCOUNT_INACTIVE,
    when=(refused(Refusal.ACCOUNT_INACTIVE),),
    certain=(CUSTOMER_READY, nothing_but(Flaw.FITS)),
)
def account_inactive(reading: Reading, matched: Matched) -> Finding:
    """The account in which the money is deposited takes no receipt: it was made inactive, or is of a type that takes none.

    Shows as: payments of the same method and currency are refused, whatever their invoices; or only what stays on account.
    Happens when: somebody closed the deposit or clearing account that the company's settings name, or changed its type.
    Remedy: ask the controller why the account was closed. Make it active again, then retry; one change fixes all of them. Name
    another account in the settings only with the controller: the money is where the old one says.
    Prevention: before an account is closed in the books, change the deposit account of the company first.
    Not to be confused with: an inactive customer, which concerns the payments of that customer only.
    """
    return matched.finding(Remedy.RETRY, Remedy.DISMISS, because=observations.refusal(reading))


@rule(Cause.ACCOUNT_INACTIVE, when=(refused(Refusal.REFERENCE_INACTIVE), CUSTOMER_READY), certain=None)
def reference_inactive(reading: Reading, matched: Matched) -> Finding:
    """The books refused because something the receipt names is inactive; the customer is active, so it is likely the account.

    Shows as: a refusal that says that something is inactive and not what.
    Happens when: the deposit account, or the account for what customers owe, was made inactive.
    Remedy: see which account is inactive, make it active again or name another in the settings, then retry.
    Prevention: before an account is closed in the books, change the deposit account of the company first.
    Not to be confused with: an inactive customer, which is read and named.
    """
    return matched.finding(Remedy.RETRY, Remedy.DISMISS, because=observations.refusal(reading))


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    refused_it = phrases.refused_it(diagnosis, words)
    if diagnosis.primary.rule == "reference_inactive":
        return f"{refused_it} because something it names is inactive; the customer is active, so it is likely an account."
    said = [ended(plain(fact.text("message"), MESSAGE_AT_MOST)) for fact in diagnosis.primary.facts("books_refused")[:1]]
    return " ".join((f"{refused_it} because of its deposit account.", *said))


def to_do(diagnosis: Diagnosis, words: Words) -> str:
    if diagnosis.primary.rule == "reference_inactive":
        return "See which one, then retry."
    return "Ask the controller why; once the account is open for receipts again, retry. Change it only with the controller."


def root(finding: Finding, evidence: Evidence) -> str:
    """What the books said, which names the account; the books themselves where they did not."""
    return evidence.refusal.message if evidence.refusal else "books"


CAUSE = CauseFile(
    Cause.ACCOUNT_INACTIVE,
    title="Deposit account not accepted",
    rules=(account_inactive, reference_inactive),
    sentence=sentence,
    to_do=to_do,
    root=root,
    incident="Receipts are rejected because of this deposit account: {about}. Ask the controller why. Make the account active "
    "in the books, or name the one that the controller chooses in the configuration, then retry all of them.",
    setting="receipts are rejected because of the deposit account ({about})",
)
