"""Which row of the table of what takes two people applies to a decision, as far as is known. Pure.

Raises CannotBeDone where what the person named does not fit the evidence.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from receivables.company import Company
from receivables.diagnosis import Diagnosis, Remedy
from receivables.errors import CannotBeDone
from receivables.evidence import Evidence
from receivables.two_people import TwoPeople
from rules.applied_to import applied_to
from rules.consequences import Options, other_money, proof_of, total_of
from rules.corrections import is_of_substance
from rules.credits_off import all_genuine
from rules.following import is_about_twin
from rules.mergers import only_moved
from rules.near import match
from rules.reading import read
from rules.returning import returns

#: Money of the portal that is older than this is no ordinary credit any more.
OLD_AFTER = timedelta(days=30)


def two_people(
    remedy: Remedy, diagnosis: Diagnosis, evidence: Evidence | None, options: Options, company: Company, at: datetime
) -> TwoPeople | None:
    """Why this decision takes two people whatever the amount; None where it does not."""
    if evidence and evidence.correction:
        return TwoPeople.CORRECTION if remedy is Remedy.ACCEPT_CORRECTION and is_of_substance(evidence) else None
    match remedy:
        case Remedy.VOID_RECEIPT:
            return TwoPeople.VOID
        case Remedy.POST_ON_OPEN_DAY:
            return TwoPeople.OTHER_DAY
        case Remedy.DISMISS:
            return _dismissed(diagnosis, evidence, options)
        case Remedy.NOT_DUPLICATE if evidence and is_about_twin(evidence, options):
            return TwoPeople.OTHER_PAYMENT
        case Remedy.NOT_DUPLICATE if evidence and other_money(evidence, options).two_people:
            return TwoPeople.OTHER_MONEY
        case Remedy.MATCH if evidence and match(evidence, options).two_people:
            return TwoPeople.OTHER_CUSTOMER
        case Remedy.UNAPPLY_CREDIT_MEMO if evidence and not all_genuine(diagnosis, evidence):
            return TwoPeople.NO_GENUINE_CREDIT
        case Remedy.REVERSE_WRITE_OFF:
            return TwoPeople.WRITE_OFF
        case Remedy.KEEP_ON_ACCOUNT if evidence and _is_old_credit(evidence, options, company, at):
            return TwoPeople.OLD_CREDIT
        case Remedy.RECORD_RETURN:
            if evidence is None:
                raise CannotBeDone("The books were not read about this yet. The next sync reads them; then decide.")
            return returns(evidence, options).two_people
    return None


def _dismissed(diagnosis: Diagnosis, evidence: Evidence | None, options: Options) -> TwoPeople | None:
    proof = proof_of(diagnosis, evidence, options) if evidence else None
    if proof is None or not proof.given:
        return TwoPeople.NO_PROOF
    if evidence and {proven.receipt for proven in proof.receipts} & {*only_moved(read(evidence))}:
        return TwoPeople.MERGED_PROOF
    return TwoPeople.SHORT_PROOF if proof.missing_minor else None


def _is_old_credit(evidence: Evidence, options: Options, company: Company, at: datetime) -> bool:
    """Whether what would stay on account was paid long ago. A receipt that is there is only accepted as it is applied."""
    payment = evidence.payment
    rest_minor = payment.amount_minor - total_of(applied_to(evidence, options))
    small_minor = company.small_credits.get(payment.currency, 0)
    return at - payment.paid_at > OLD_AFTER and rest_minor > small_minor and not evidence.living_receipts
