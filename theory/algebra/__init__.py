"""Index notation: arrays of any size, sums over indices, and one canonical form."""
