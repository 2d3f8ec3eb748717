"""How often a diagnosis is right: generated histories of real books, judged by the real journey, scored against what was done."""
