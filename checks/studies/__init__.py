"""Claims that are run by their path: too long for every run, or in need of optional packages."""
