"""What claims ask of their sizes when they are built: levels enough to see what is claimed."""

import sympy as sp

from theory.language.rate import Rate

from .claim import Claim, declared_tiers
from .data import Data, Size, at
from .trends import slices
from .values import ClaimError

WORDS = {2: "two", 4: "four"}


def check_logarithms(claim: Claim, rate: Rate, points: tuple[Size, ...]) -> None:
    """Sizes of which a rate has the logarithm are at least 2."""
    logs = sorted(str(log.args[0]) for log in rate.expression.atoms(sp.log))
    small = [f"{name} = {p[name]:g}" for p in points for name in logs if p[name] < 2]
    if small:
        raise ClaimError(
            f"claim {claim.id}: a logarithm of {', '.join(logs)} needs levels of at least 2, "
            f"received {', '.join(dict.fromkeys(small))}: near 1 it vanishes and below it is "
            "negative; leave those levels out, or choose another unit"
        )


def check_levels(claim: Claim, rate: Rate, *, oriented: bool = False) -> None:
    """There are points enough in every tier to see the rate.

    ``oriented``: it is known that sizes grow, in whatever unit; else small ones look like steps.
    """
    for tier in declared_tiers(claim):
        points = claim.at(tier).points
        missing = set(rate.sizes) - set(points[0])
        if missing:
            raise ValueError(
                f"claim {claim.id}: the rate {rate.expression} depends on {sorted(missing)}, which "
                f"the sizes {sorted(points[0])} do not have: expected levels for it"
            )
        check_logarithms(claim, rate, points)
        for name in () if oriented else rate.sizes:
            falls = all(point[name] <= 1 for point in points)
            if falls and any(powers.get(name, 0) > 0 for powers in rate.exponents()):
                raise ValueError(
                    f"claim {claim.id}: {name} seems to go to zero; sizes go to infinity: claim a "
                    f"rate in 1/{name} at the inverse levels"
                )
        if len(points) < 4:
            raise ValueError(
                f"claim {claim.id}: expected at least 4 size points in tier {tier}, "
                f"got {len(points)}"
            )
    for name in rate.sizes:
        check_level_count(claim, name, 4 if len(rate.sizes) == 1 else 2)


def chosen_size(claim: Claim, size: str, least: int, in_slice: int = 2) -> str:
    """The size that a claim is about, by default its first; it needs ``least`` levels.

    At fixed other sizes it needs ``in_slice`` of them, each once: a slice of fewer shows no trend.
    """
    first = claim.at(declared_tiers(claim)[0]).points[0]
    if not first or not isinstance(size, str):
        raise ClaimError(
            f"claim {claim.id}: expected sizes, and the name of one of them in size=, received "
            f"{sorted(first)} and {size!r}; name a size and its levels"
        )
    size = size or next(iter(first))
    check_level_count(claim, size, least)
    for tier in declared_tiers(claim):
        points = claim.at(tier).points
        for rest, members in slices(Data(points, {}, 0), size):
            levels = [points[k][size] for k in members]
            if len(levels) < in_slice or len(set(levels)) < len(levels):
                raise ClaimError(
                    f"claim {claim.id}: expected at least {WORDS[in_slice]} levels of {size}, each "
                    f"once,{at(rest) or ' everywhere'} in tier {tier}, received {levels}; what is "
                    "judged is each slice at fixed other sizes: add levels, or leave the slice out"
                )
    return size


def check_level_count(claim: Claim, size: str, least: int) -> None:
    """Every tier has at least so many levels of a size."""
    for tier in declared_tiers(claim):
        points = claim.at(tier).points
        if any(size not in point for point in points):
            raise ValueError(
                f"claim {claim.id}: expected levels for {size!r} everywhere, received points such "
                f"as {points[0]}; add them"
            )
        levels = {point[size] for point in points}
        if len(levels) < least:
            raise ValueError(
                f"claim {claim.id}: expected at least {least} levels of {size} in tier {tier}, "
                f"received {sorted(levels)}; fewer cannot tell a law from an accident"
            )
