"""The suite: finds claims, measures their work items, keeps the results."""
