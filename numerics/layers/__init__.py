"""Many finite layers at once, and paths of their statistics."""
