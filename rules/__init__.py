"""Why a payment failed: evidence in, diagnosis out, nothing touched."""
