"""What every claim has: a name, a grid of sizes, seeds, and planted errors that must be refuted.

A claim is data. It owns the functions that measure finite networks, and says before
anything is run which answer it allows and by how much it may be missed. A kind of claim is one
class in one file (``kinds``): its fields, its decision rule, the errors that it plants by itself,
and what its functions must return.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import Any, ClassVar

import numpy as np

from .data import Data, Measure, Size
from .finding import Finding
from .grid import TIERS, check_counts, given_points, of_tier, product_of
from .values import ClaimError, in_words

FIRST, CAP = 64, 16384  # seeds of the first and of the last look, where a claim names none
SOURCES = ("quoted", "abstract", "reconstructed")
Row = tuple[int | str, ...]


@dataclass(frozen=True)
class Role:
    """A measuring function of a claim, and what it must return for each key.

    ``rows``: the shapes that a key's row may have, ``()`` for one number; a text stands for any
    length. ``nonnegative``: negative numbers are a fault. ``events``: truth values are admitted.
    ``side``: roles of different sides get different keys, so that they are independent.
    """

    measure: Measure
    rows: tuple[Row, ...] = ((),)
    nonnegative: bool = False
    events: bool = False
    side: str = ""


SAMPLE = (("q",), ())  # rows of observations: one of q numbers, or one number


@dataclass(frozen=True, eq=False)
class Spoiled:
    """A planted error of what was measured, `Data` -> `Data`."""

    plant: Callable[[Data], Data]

    def __call__(self, measured: Data) -> Data:
        """The spoiled data."""
        return self.plant(measured)


@dataclass(frozen=True, eq=False)
class Mutant:
    """A planted error: the same claim, wrong in one respect, which must be REFUTED.

    ``id`` is kebab-case and unique within the claim; ``description`` says in a few words
    what is wrong. ``changes`` maps field names of the claim to their wrong values; ``data`` is a
    function that spoils what was measured, `Data` -> `Data`. When no measuring function is among
    the changes, the mutant is judged on the data of the claim itself and costs no simulation.
    """

    id: str
    description: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    data: Callable[[Data], Data] | None = None

    def __post_init__(self) -> None:
        """Reject a mutant that has no name or changes nothing."""
        check_name(self.id, "a mutant's id")
        if {"id", "mutants"} & set(self.changes) or not (self.changes or self.data):
            raise ValueError(
                f"mutant {self.id}: expected a function of the data or at least one changed field "
                f"other than id and mutants, received {dict(self.changes)}; name the field that "
                "is made wrong"
            )

    def plant(self, measured: Data) -> Data:
        """The data that the mutant is judged on; raises ValueError for what is no such data."""
        if self.data is None:
            return measured
        planted = self.data(measured)
        wrong = [
            f"{role} at {point}"
            for role, arrays in planted.arrays.items()
            for point, values in zip(planted.points, arrays, strict=True)
            if len(values) != planted.seeds or not np.isfinite(values).all()
        ]
        if wrong or planted.arrays.keys() != measured.arrays.keys():
            raise ValueError(
                f"mutant {self.id}: expected data with finite numbers, one row a seed, for "
                f"{sorted(measured.arrays)}, received {sorted(planted.arrays)}"
                + (f", and others: {', '.join(wrong)}" if wrong else "")
            )
        return planted


@dataclass(frozen=True)
class Schedule:
    """What a claim measures at one tier: its size points, and the numbers of seeds of its looks."""

    points: tuple[Size, ...]
    looks: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Claim(ABC):
    """Fields that all claims share; abstract: a kind of claim says how it is decided.

    - ``id``: kebab-case parts joined by ``/``, unique, e.g. ``shaped-attention-sde/drift``.
    - ``statement``: one sentence; ``theorem``: the room's name, empty for a user's own.
    - ``source``: ``quoted``, ``abstract`` or ``reconstructed``, where the statement is from.
    - ``sizes``: size name -> levels (the grid is the product), or tier -> such a mapping.
      Claims that depend on no size may leave it out.
    - ``points``: explicit size dicts in place of the product, or tier -> such a sequence.
    - ``seeds``: number of seeds of the first look, ``cap`` the largest number; an integer or
      a mapping tier -> integer. Default: 64 and 16384, which only an undecided claim
      reaches; a claim that sets ``seeds`` alone gets four times as many as its cap. A tier
      that a mapping of ``seeds`` leaves out is one at which the claim does not run (``runs_at``).
    - ``depends``: files and folders that the claim of a user's file reads, by paths from that
      file: named, ``()`` if there are none, they let a run keep its numbers and resume them.
      Default None: measured anew in each run. A room's numbers are always kept.
    - ``single``: whether single precision is enough for what is measured, ``--precision float32``.
    - ``mutants``: planted errors; when none is named, automatic ones are used. What a kind
      always plants (the floor of a rate) runs besides, unless a mutant of its id is named.

    Sizes are positive numbers that go to infinity (for a step h, its inverse): whole ones are
    given as int, others as float. Measuring functions receive ``size``, a dict by name, and
    ``keys``, a uint32 array of shape (n, 2): row i belongs to seed i, is the same at every size and
    is usable as a raw ``jax.random`` key and as ``np.random.default_rng(row)``. Where several
    claims ask about the same networks, they are columns of an `Experiment`.
    """

    id: str
    statement: str = ""
    theorem: str = ""
    source: str = "reconstructed"
    sizes: Mapping[str, Any] | None = None
    points: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None
    seeds: int | Mapping[str, int] | None = None
    cap: int | Mapping[str, int] | None = None
    depends: Sequence[str | PathLike[str]] | None = None
    single: bool = False
    mutants: Sequence[Mutant] = ()

    least_seeds: ClassVar[int] = 1  # which a statistic of this kind needs
    measured: ClassVar[str] = ""  # the field of the measuring function, where there is one
    is_planted: ClassVar[bool] = False  # `planted` says so of what it returns

    @abstractmethod
    def roles(self) -> Mapping[str, Role]:
        """The measuring functions by name, and what each returns, e.g. ``{"error": Role(f)}``."""

    @abstractmethod
    def finding(self, data: Data) -> Finding:
        """The decision rule: tests whose p-values refute or support; `Undecided` says why not."""

    def errors_to_plant(self) -> tuple[Mutant, ...]:
        """The planted errors of a claim that names none; a kind may have none of its own."""
        return ()

    def always_planted(self) -> tuple[Mutant, ...]:
        """Errors that are planted beside those that a claim names."""
        return ()

    def check(self) -> None:  # noqa: B027 (a kind may have nothing to check)
        """Normalise the fields, and raise ValueError for what cannot be tested."""

    def default_statement(self) -> str:
        """What a claim without words of its own says."""
        return f"{type(self).__name__} {self.id}."

    def __post_init__(self) -> None:
        """Reject a claim with a bad name, source, grid, number of seeds, field or mutant."""
        try:
            _check_common(self)
            self.check()
            roles = self.roles()
        except (TypeError, AttributeError, LookupError, ArithmeticError) as error:
            raise ClaimError(
                f"claim {self.id}: expected fields as {type(self).__name__} documents them, "
                f"received what gives {in_words(error)}; correct the field"
            ) from error
        for name, role in roles.items():
            if not callable(role.measure):
                raise ClaimError(
                    f"claim {self.id}: expected {name} to be a function (size, keys) -> rows or a "
                    f"column of an Experiment, received {role.measure!r}"
                )
        names = [mutant.id for mutant in self.mutants]
        if len(set(names)) < len(names):
            raise ValueError(f"claim {self.id}: two mutants have the same id, received {names}")
        for mutant in self.mutants:
            self.planted(mutant)

    def at(self, tier: str) -> Schedule:
        """Points and looks of a tier: the one place where they are fixed."""
        return Schedule(self._points(tier), self._looks(tier))

    def _points(self, tier: str) -> tuple[Size, ...]:
        """In the order of the levels."""
        if self.points is not None:
            return given_points(self.points, tier, self.id)
        return product_of(self.sizes, tier, self.id)

    def runs_at(self, tier: str) -> bool:
        """Whether the claim has seeds at a tier: it may be too long for the smaller ones."""
        return not isinstance(self.seeds, Mapping) or tier in self.seeds

    def _looks(self, tier: str) -> tuple[int, ...]:
        """Doubling, up to the cap."""
        first = FIRST if self.seeds is None else of_tier(self.seeds, tier, f"{self.id}: seeds")
        fallback = CAP if self.seeds is None else 4 * first
        cap = fallback if self.cap is None else of_tier(self.cap, tier, f"{self.id}: cap")
        looks = [min(first, cap)]
        while 2 * looks[-1] <= cap:
            looks.append(2 * looks[-1])
        return tuple(looks)

    def planted(self, mutant: Mutant) -> "Claim":
        """The claim with a mutant's changes, and without mutants of its own.

        ``is_planted`` tells its rule, which asks for teeth, not for form: a rate is judged by
        order 1 and with the exponents that it claims.
        """
        try:
            claim = replace(self, **{**mutant.changes, "mutants": ()})
        except TypeError as error:
            raise ValueError(
                f"claim {self.id}: mutant {mutant.id} changes {sorted(mutant.changes)}, but a "
                f"{type(self).__name__} has no such field ({error}); correct the name"
            ) from error
        object.__setattr__(claim, "is_planted", True)
        return claim


def _check_common(claim: Claim) -> None:
    check_name(claim.id, "a claim's id")
    if claim.source not in SOURCES:
        raise ValueError(f"claim {claim.id}: expected source in {SOURCES}, got {claim.source!r}")
    for name in ("seeds", "cap"):
        check_counts(claim.id, name, getattr(claim, name), claim.least_seeds)
    if not isinstance(claim.mutants, Sequence) or not all(
        isinstance(mutant, Mutant) for mutant in claim.mutants
    ):
        raise ClaimError(
            f"claim {claim.id}: expected mutants as a list of Mutant, received {claim.mutants!r}"
        )
    paths = () if claim.depends is None else claim.depends
    if isinstance(paths, str) or not all(isinstance(path, str | PathLike) for path in paths):
        raise ClaimError(
            f"claim {claim.id}: expected depends to be a list of paths, received {paths!r}"
        )
    if not isinstance(claim.single, bool):
        raise ClaimError(
            f"claim {claim.id}: expected single to be True or False, received {claim.single!r}"
        )
    if isinstance(claim.seeds, Mapping) and not (claim.seeds and set(claim.seeds) <= set(TIERS)):
        raise ValueError(
            f"claim {claim.id}: expected seeds for some of the tiers {TIERS}, received "
            f"{dict(claim.seeds)}; a tier that is left out is one at which the claim does not run"
        )
    for tier in declared_tiers(claim):
        points = claim.at(tier).points
        if any(not 0 < level < float("inf") for point in points for level in point.values()):
            raise ValueError(
                f"claim {claim.id}: expected positive, finite sizes, tier {tier}, received {points}"
            )


def declared_tiers(claim: Claim) -> tuple[str, ...]:
    """The tiers at which the claim runs and has sizes (all when neither depends on the tier)."""
    tiers = tuple(tier for tier in TIERS if claim.runs_at(tier))
    for value in (claim.points, claim.sizes):
        if isinstance(value, Mapping) and value and set(value) <= set(TIERS):
            return tuple(tier for tier in tiers if tier in value)
    return tiers


def tier_words(claim: Claim) -> str:
    """The tiers at which a claim runs, in words, e.g. ``tier full only``."""
    tiers = [tier for tier in TIERS if claim.runs_at(tier)]
    return f"tier {' and '.join(tiers)} only" if len(tiers) < len(TIERS) else "every tier"


def check_name(name: Any, what: str) -> None:
    """Raise ValueError unless the name is kebab-case, with parts joined by ``/``."""
    part = "[A-Za-z0-9][A-Za-z0-9_.+-]*"
    if not isinstance(name, str) or not re.fullmatch(f"{part}(/{part})*", name):
        raise ValueError(f"{what} must be letters, digits, '-' and '/', received {name!r}")
