"""The books of companies that keep them in Xero: reads, writes and the feed of changes over its accounting API."""
