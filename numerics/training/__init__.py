"""Optimisers for everybody's training, as optax transformations; two rooms are about them."""
