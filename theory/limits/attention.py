"""Softmax of logits of order one: an opaque random matrix whose moments are quadratures.

The logits must be Gaussian in the limit. They are multilinear in different Gaussian arrays, so in
one Wiener chaos, where a vanishing fourth cumulant decides (Nualart and Peccati 2005; jointly,
Peccati and Tudor 2005).
"""

from collections.abc import Sequence

import sympy as sp

from theory.calculus.cumulants import Block, Law, in_moments
from theory.calculus.kernels import SoftmaxMean
from theory.calculus.network_forms import expression
from theory.calculus.networks import Entry, Head, Polynomial
from theory.layers.arrays import Array
from theory.limits.lowering import Reading
from theory.limits.sizes import Undecided, largest


def opaque_softmax(reading: Reading, node: Array, logits: Polynomial) -> Polynomial:
    """The averaging matrix as a random array, given the covariance of its logits."""
    if node.ndim != 2 or len(node.args) > 1:
        raise Undecided(f"EXPECTATION: no mean is known of {node} with logits of order one")
    networks = reading.networks
    shifted = networks.renamed(logits, {-1: -3, -2: -4})
    covariance = reading.mean(networks.times(logits, shifted))
    leading = _limit(reading, node, covariance)
    _check_gaussian(reading, node, logits)
    name = reading.fresh("softmax")
    weights = {n for _, cs in logits for c in cs for n, _ in c if n in reading.laws}
    reading.reserve(name, weights)
    networks.add(Head(name, tuple(node.shape), "random"))

    def block(entries: Sequence[Entry]) -> list[Block]:
        return in_moments(entries, lambda part: _moment(reading, node, leading, part))

    reading.laws[name] = Law(name, None, block)
    return networks.entry(name, -1, -2)


def _limit(reading: Reading, node: Array, covariance: Polynomial) -> Polynomial:
    orders = reading.sizes.orders(covariance)
    if largest(orders) != 0:
        raise Undecided(f"EXPECTATION: the logits of {node} grow; divide them by their size")
    return orders[sp.S.Zero]


def _check_gaussian(reading: Reading, node: Array, logits: Polynomial) -> None:
    networks = reading.networks
    for _, components in logits:
        names = [n for c in components for n, _ in c if n in reading.laws]
        gaussian = all(reading.laws[n].orders == (2,) for n in names)
        if not gaussian or len(set(names)) < len(names):
            raise Undecided(f"EXPECTATION: the logits of {node} are not multilinear in Gaussians")
    square = networks.times(logits, logits)
    second = reading.mean(square)
    fourth = reading.mean(networks.times(square, square))
    three = networks.scaled(networks.times(second, second), -sp.Integer(3))
    excess = largest(reading.sizes.orders(networks.plus(fourth, three)))
    if not (excess == sp.S.NegativeInfinity or excess.is_negative):
        raise Undecided(
            f"ORDER OF LIMITS: the logits of {node} are not Gaussian in the limit, since a size "
            f"that they are summed over stays fixed; let it grow with N, or shape the softmax"
        )


def _moment(reading: Reading, node: Array, leading: Polynomial, entries: Sequence[Entry]) -> Entry:
    """The mean of one entry, or of a product of two, of the averaging matrix."""
    name, networks = f"E[{node} {len(entries)}]", reading.networks
    at = tuple(i for _, place in sorted(entries) for i in place)
    if name not in networks.heads:
        shape = tuple(node.shape) * len(entries)

        def definition(*where: sp.Idx) -> sp.Expr:
            p, q, r, s = map(sp.Idx, ("_p", "_q", "_r", "_s"), (*node.shape, *node.shape))
            between = expression(networks, leading, (p, q, r, s), frozenset(networks.heads))
            return SoftmaxMean(sp.Tuple(*where), sp.Tuple(p, q, r, s), between)

        reading.kernel(Head(name, shape, "function", definition=definition), leading)
    return name, at
