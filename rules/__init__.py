"""Why a payment failed: evidence in, diagnosis out, nothing touched."""

from rules.connection import paused
from rules.diagnosis import diagnose
from rules.explaining import Explanation, explain

__all__ = ["Explanation", "diagnose", "explain", "paused"]
