"""Indexed SymPy to JAX source."""

from theory.codegen.latex import latex as latex
