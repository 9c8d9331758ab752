"""Mutation testing of claims: does a room's verdict notice when its own source is broken?

Verdicts are worth what they notice. One place of a room's theory, numerics or generated code is
changed at a time, in memory, and the room's claims are judged on what then runs.
"""

from .operators import Mutation as Mutation
from .operators import mutations as mutations
