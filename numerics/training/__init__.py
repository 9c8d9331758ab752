"""Optimisers for everybody's training: as optax transformations, which rooms are about, one twin.

The twin for PyTorch is judged by the tests of this repository and by no claim: rooms run on JAX.
"""
