"""The demo: a small company, one failure of every kind, each put right by a person, and a tally that trusts nobody."""
