"""The rules, one per file; `RULES` is the only list of them, in the order in which they are reported."""
