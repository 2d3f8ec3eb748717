"""Stand-ins for accounting packages that tests cannot reach: the vendor's own API over the embedded ledger."""
