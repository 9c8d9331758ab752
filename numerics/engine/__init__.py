"""What networks of any room are computed with: streams of keys, compiled programs, activations."""
