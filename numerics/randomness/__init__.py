"""Keys, coupled paths, samplers that are exact in law."""
