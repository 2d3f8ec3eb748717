"""Embedded books: a small, honest receivables ledger in a file of its own, for trying out, the demo and the tests."""
