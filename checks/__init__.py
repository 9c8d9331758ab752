"""Whether the two agree: claims, verdicts, reports."""

from checks.suite import outside, sources

sources.watch()  # before anything that a number could depend on is imported
outside.watch()
