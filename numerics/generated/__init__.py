"""Written by ``verilimit generate`` from the theory; never edited."""
