"""Why a payment failed: evidence in, diagnosis out, nothing touched; and its words when somebody looks."""

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
    may_be_other_money,
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
from rules.corrections import corrected, two_people_for
from rules.credits_off import Unapplied, all_genuine, unapplied
from rules.diagnosis import diagnose
from rules.explaining import Condition, Explanation, RuleExplained, explain
from rules.following import follows, is_about_twin
from rules.kinds import fact_sentence
from rules.money_back import came_after_all, gave_back_partly, went_back
from rules.obstacles import NOBODY_DECIDES, InTheWay, Obstacle, obstacles
from rules.reading import Reading, read
from rules.saying import incident, needs_reconnecting, not_checked, root, sentence, setting, stops_company, title, was_recorded

__all__ = [
    "NOBODY_DECIDES",
    "Applied",
    "Condition",
    "EngineFailed",
    "Explanation",
    "InTheWay",
    "Obstacle",
    "OtherMoney",
    "Proof",
    "ProofOf",
    "Reading",
    "RuleExplained",
    "Taken",
    "Unapplied",
    "all_genuine",
    "asked_to_apply",
    "came_after_all",
    "cash_reference",
    "corrected",
    "diagnose",
    "explain",
    "fact_sentence",
    "findings",
    "fits_again",
    "follows",
    "gave_back_partly",
    "incident",
    "is_about_twin",
    "may_be_other_money",
    "needs_reconnecting",
    "not_checked",
    "not_diagnosed",
    "obstacles",
    "other_money",
    "proof_of",
    "proposed_successors",
    "provable",
    "read",
    "root",
    "sentence",
    "setting",
    "stops_company",
    "successors",
    "title",
    "to_apply",
    "total_of",
    "two_people_for",
    "unapplied",
    "undecided_lines",
    "was_recorded",
    "went_back",
    "what_fits",
]
