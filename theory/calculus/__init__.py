"""How limits are derived."""
