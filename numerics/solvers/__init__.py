"""Integration of the limits, and references for infinite sizes."""
