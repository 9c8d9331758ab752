"""Whether the two agree: claims, verdicts, reports."""

from checks.suite.sources import watch

watch()  # before anything that a number could depend on is imported
