"""The demo: a small company, one failure of every kind, each resolved by a person, and a tally that trusts nobody."""
