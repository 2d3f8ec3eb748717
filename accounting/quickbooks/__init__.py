"""QuickBooks Online: Intuit's accounting package, spoken to over its own HTTP interface by a thin typed client."""
