"""Whether the two agree: claims, verdicts, reports."""
