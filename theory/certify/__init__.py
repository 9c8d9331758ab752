"""Proofs of inequalities by interval arithmetic, and their independent replay."""
