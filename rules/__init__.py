"""Why a payment failed: evidence in, diagnosis out, nothing touched; and its words when somebody looks."""

from rules.cage import EngineFailed
from rules.causes.duplicate_reference import contradicted
from rules.causes.unidentified import fits_again, not_diagnosed
from rules.diagnosis import diagnose
from rules.explaining import Condition, Explanation, RuleExplained, explain
from rules.kinds import fact_sentence
from rules.money_back import came_after_all, gave_back_partly, went_back
from rules.obstacles import NOBODY_DECIDES, InTheWay, Obstacle, obstacles
from rules.reading import Reading, read
from rules.saying import incident, not_checked, root, sentence, setting, stops_company, title, was_recorded

__all__ = [
    "NOBODY_DECIDES",
    "Condition",
    "EngineFailed",
    "Explanation",
    "InTheWay",
    "Obstacle",
    "Reading",
    "RuleExplained",
    "came_after_all",
    "contradicted",
    "diagnose",
    "explain",
    "fact_sentence",
    "fits_again",
    "gave_back_partly",
    "incident",
    "not_checked",
    "not_diagnosed",
    "obstacles",
    "read",
    "root",
    "sentence",
    "setting",
    "stops_company",
    "title",
    "was_recorded",
    "went_back",
]
