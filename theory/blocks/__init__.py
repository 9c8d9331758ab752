"""Layers as data, and what follows from their form."""
