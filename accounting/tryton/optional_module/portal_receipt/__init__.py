"""A Tryton module: a statement may carry the reference of a payment portal, and no two of a company the same one."""
