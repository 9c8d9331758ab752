"""Inequalities to be certified: each module has a tuple ``inequalities``, found by its name."""
