"""Why a payment failed: evidence in, diagnosis out, nothing touched; and its words when somebody looks."""

from rules.applied_to import applied_to
from rules.cage import EngineFailed
from rules.causes.unidentified import fits_again, not_diagnosed
from rules.consequences import (
    Applied,
    OtherMoney,
    Proof,
    ProofOf,
    Taken,
    asked_to_apply,
    cash_reference,
    findings,
    in_place_of,
    may_be_other_money,
    named_in,
    other_money,
    proof_of,
    proposed_successors,
    provable,
    successors,
    to_apply,
    total_of,
    undecided_lines,
    what_fits,
)
from rules.corrections import corrected
from rules.credits_off import Unapplied, taken_off, unapplied
from rules.deposits import DepositApplied, awaits_decision, deposit_applied
from rules.diagnosis import diagnose
from rules.explaining import Condition, Explanation, RuleExplained, explain
from rules.following import follows, is_about_twin
from rules.kinds import fact_sentence
from rules.mergers import may_be_merged
from rules.money_back import settled, went_back_as, went_several_ways
from rules.money_gone import MoneyGone, counted_minor, money_gone, receipts_of
from rules.near import (
    MATCHABLE,
    TO_CUSTOMER,
    TO_INVOICE,
    Match,
    Spelling,
    as_matched,
    label_among,
    match,
    may_match,
    names_of,
    near_customers,
    near_invoices,
    unmatched,
    with_named,
)
from rules.no_rest import least_rest_minor
from rules.not_taken import put_off
from rules.obstacles import NOBODY_DECIDES, InTheWay, Obstacle, obstacles
from rules.offers import POST_ANEW, RECORD, unchanged
from rules.open_day import first_open_day
from rules.reading import Reading, read
from rules.reapplied import reapplied
from rules.rest import rest_refused
from rules.returning import Returns, asked_minor, makes_returns, named_entry, reopened, returns, to_void
from rules.reversals import gave_back_partly, went_out_twice, won_after_recorded
from rules.saying import (
    happened,
    incident,
    needs_reconnecting,
    not_checked,
    root,
    sentence,
    setting,
    stops_company,
    title,
    was_recorded,
    why,
)
from rules.two_people import two_people

__all__ = [
    "MATCHABLE",
    "NOBODY_DECIDES",
    "POST_ANEW",
    "RECORD",
    "TO_CUSTOMER",
    "TO_INVOICE",
    "Applied",
    "Condition",
    "DepositApplied",
    "EngineFailed",
    "Explanation",
    "InTheWay",
    "Match",
    "MoneyGone",
    "Obstacle",
    "OtherMoney",
    "Proof",
    "ProofOf",
    "Reading",
    "Returns",
    "RuleExplained",
    "Spelling",
    "Taken",
    "Unapplied",
    "applied_to",
    "as_matched",
    "asked_minor",
    "asked_to_apply",
    "awaits_decision",
    "cash_reference",
    "corrected",
    "counted_minor",
    "deposit_applied",
    "diagnose",
    "explain",
    "fact_sentence",
    "findings",
    "first_open_day",
    "fits_again",
    "follows",
    "gave_back_partly",
    "happened",
    "in_place_of",
    "incident",
    "is_about_twin",
    "label_among",
    "least_rest_minor",
    "makes_returns",
    "match",
    "may_be_merged",
    "may_be_other_money",
    "may_match",
    "money_gone",
    "named_entry",
    "named_in",
    "names_of",
    "near_customers",
    "near_invoices",
    "needs_reconnecting",
    "not_checked",
    "not_diagnosed",
    "obstacles",
    "other_money",
    "proof_of",
    "proposed_successors",
    "provable",
    "put_off",
    "read",
    "reapplied",
    "receipts_of",
    "reopened",
    "rest_refused",
    "returns",
    "root",
    "sentence",
    "setting",
    "settled",
    "stops_company",
    "successors",
    "taken_off",
    "title",
    "to_apply",
    "to_void",
    "total_of",
    "two_people",
    "unapplied",
    "unchanged",
    "undecided_lines",
    "unmatched",
    "was_recorded",
    "went_back_as",
    "went_out_twice",
    "went_several_ways",
    "what_fits",
    "why",
    "with_named",
    "won_after_recorded",
]
