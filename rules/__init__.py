"""Why a payment failed: evidence in, diagnosis out, nothing touched."""

from rules.cage import EngineFailed
from rules.connection import paused
from rules.diagnosis import diagnose
from rules.explaining import Condition, Explanation, RuleExplained, explain

__all__ = ["Condition", "EngineFailed", "Explanation", "RuleExplained", "diagnose", "explain", "paused"]
