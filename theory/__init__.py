"""What the limit is: finite models, derivations and limits, in SymPy only."""
