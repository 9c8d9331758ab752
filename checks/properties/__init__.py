"""Instances, assumptions and strategies: what claims and property tests draw from."""
