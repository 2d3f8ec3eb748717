"""Tryton: books reached over its own JSON protocol, with receipts as statements."""
