"""Probes of the theorems' assumptions: one file a room, found by its name."""
