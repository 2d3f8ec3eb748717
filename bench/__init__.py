"""Measurements that can be repeated: how good the diagnoses are, how fast and how large the product is."""
