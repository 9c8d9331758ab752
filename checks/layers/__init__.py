"""A layer as data is a room that nobody had to write: its claims, with their mutants."""

from checks.layers.claims import Plan as Plan
from checks.layers.claims import layer_claims as layer_claims
from checks.layers.claims import plan_of as plan_of
from checks.layers.claims import slug_of as slug_of
