"""The invoice is a draft, or has not reached the books yet."""

from __future__ import annotations

from receivables.diagnosis import Cause, Diagnosis, Finding, Remedy
from receivables.words import Words
from rules import observations, phrases
from rules.cause_file import CauseFile
from rules.invoice_lines import Flaw
from rules.near import may_match
from rules.patterns import a
from rules.reading import Reading
from rules.rule import Matched, rule
from rules.situations import UNPOSTED, nothing_but


@rule(
    Cause.INVOICE_NOT_READY,
    when=(UNPOSTED, a("line", flaw=Flaw.NOT_READY)),
    whole=(nothing_but(Flaw.NOT_READY),),
    certain=(a("payment", drafts_seen=True),),
)
def invoice_not_ready(reading: Reading, matched: Matched) -> Finding:
    """The invoice is still a draft, or has not reached the books yet.

    Shows as: the books have no such invoice, or only a draft of it.
    Happens when: the invoice is exported to the books later than the payment. Certain when the draft is there.
    Remedy: wait, and it is posted once the invoice is there; or retry at once. Where it is in the books under a number that has
    nothing in common with this one, match the payment to it.
    Prevention: export invoices to the books before they can be paid, and approve drafts daily.
    Not to be confused with: an invoice that was there and is deleted.
    """
    otherwise = (Remedy.MATCH,) if may_match(reading.evidence) else ()
    return matched.finding(Remedy.WAIT, Remedy.RETRY, *otherwise, because=observations.lines_with(reading, Flaw.NOT_READY))


def sentence(diagnosis: Diagnosis, words: Words) -> str:
    texts = [
        f"{fact.document} is {'still a draft' if fact.fact == 'invoice_draft' else 'not in the books yet'}."
        for fact in diagnosis.primary.facts("invoice_draft", "invoice_no_such_invoice")
    ]
    return f"{phrases.all_of(texts)} The payment is posted once it is there."


CAUSE = CauseFile(Cause.INVOICE_NOT_READY, title="Invoice not in the books yet", rules=(invoice_not_ready,), sentence=sentence)
