"""Why a payment failed: evidence in, diagnosis out, nothing touched."""

from rules.diagnosis import diagnose

__all__ = ["diagnose"]
