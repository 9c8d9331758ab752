"""From arrays to tensor networks: the expression of a layer as a polynomial in entries."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from typing import Any

import sympy as sp

from theory.calculus.closure import Closure, Rule
from theory.calculus.cumulants import (
    Block,
    Expectation,
    Law,
    correlated,
    gaussian,
    independent_entries,
)
from theory.calculus.networks import ONE, Component, Head, Networks, Polynomial
from theory.layers.arrays import Array, Shape, nodes
from theory.layers.layer import Layer
from theory.layers.leaves import Leaf, N
from theory.limits.laws import bernoulli_cumulants, law_of_cumulants
from theory.limits.sizes import Sizes, Undecided

SUMMED = -100  # the free index of an axis about to be summed


@dataclass
class Environment:
    """Arrays with polynomials of their own, e.g. the state after a step; and what was read so."""

    values: Mapping[Array, Polynomial] = field(default_factory=dict)
    known: dict[Array, Polynomial] = field(default_factory=dict)


@dataclass
class Reading:
    """One layer's arrays as heads and laws, and its expressions as polynomials."""

    layer: Layer
    unit: Callable[..., Polynomial]  # reads functions of arrays
    slope: Callable[..., list[Block]]  # what a Gaussian entry makes of a unit
    networks: Networks = field(default_factory=Networks)
    laws: dict[str, Law] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    statistics: dict[str, Callable[..., sp.Expr]] = field(default_factory=dict)
    reserved: dict[str, set[str]] = field(default_factory=dict)
    unlike: set[str] = field(default_factory=set)  # arrays without Stein's rule
    hidden: dict[str, Any] = field(default_factory=dict)  # units by name
    inside: dict[str, list[Component]] = field(default_factory=dict)  # states left in kernels
    zero: dict[str, bool] = field(default_factory=dict)  # kernels that vanish
    depth: Fraction | None = None  # how small terms of expansions may be
    counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Means and rules share the networks."""
        self.expectation = Expectation(self.networks, self.laws, partial(self.slope, self))
        self.closure = Closure(self.networks, self.rules)
        self.now = Environment()
        scaling = {size: sp.sympify(v) for size, v in self.layer.scaling.items()}
        self.sizes = Sizes(self.networks, scaling, self.rules)

    def declare(self, leaf: Array, kind: str) -> None:
        """A leaf as a head of a kind, with its law or its rules."""
        what: Leaf = leaf.data
        self.networks.add(Head(what.name, leaf.shape, kind, what.symmetric))
        if what.kind == "random":
            self.laws[what.name] = _law(what, self.sizes.scaling)
            self.unlike |= {what.name} if what.law[0] != "gaussian" else set()
        if what.unit:
            component = ((what.name, (0,)),) * 2
            self.closure.add(Rule(component, ((sp.S.One, ()),)))
        if what.rows:
            self.closure.add(Rule(((what.name, (-1, 0)),), ((sp.S.One, ()),)))

    def of(self, node: Array, environment: Environment | None = None) -> Polynomial:
        """The entries of an expression: axis k is the free index -1 - k."""
        environment = environment or self.now
        if node in environment.values:
            return environment.values[node]
        if node not in environment.known:
            environment.known[node] = self._of(node, environment)
        return environment.known[node]

    def _of(self, node: Array, environment: Environment) -> Polynomial:
        if node.op == "number":
            return {} if node.data == 0 else {ONE: node.data}
        if node.op == "leaf":
            return self.networks.entry(node.data.name, *_axes(node.ndim))
        if node.op in ("function", "softmax", "normal"):
            return self.unit(self, node, environment)
        parts = [self.of(a, environment) for a in node.args]
        return getattr(self, f"_{node.op}")(node, parts)

    def states_left(self, polynomial: Polynomial) -> set[Component]:
        """Components in which an entry of a state is left."""
        heads = self.networks.heads
        kinds = (
            (c, (heads[n].kind for n, _ in c if n in heads)) for _, cs in polynomial for c in cs
        )
        return {c for c, found in kinds if "state" in found}

    def kernel(self, head: Head, *of: Polynomial) -> None:
        """Declare a mean that depends on these polynomials: open where a state is left in them."""
        left = set().union(*map(self.states_left, of))
        self.networks.add(replace(head, kind="state") if left else head)
        if left:
            self.inside[head.name] = sorted(left)

    def reserve(self, name: str, weights: set[str]) -> None:
        """Weights inside something whose joint law with other units is not known."""
        for other, inside in (
            *self.reserved.items(),
            *((n, h.weights) for n, h in self.hidden.items()),
        ):
            if inside & weights:
                shared = ", ".join(sorted(inside & weights))
                raise Undecided(
                    f"UNDECIDED (expectation): {shared} stands in {name} and in {other}"
                )
        self.reserved[name] = weights
        self.unlike |= weights

    def refuse_shared_weights(self, polynomials: Iterable[Polynomial]) -> None:
        """Weights of a unit may stand elsewhere only if they are independent Gaussians."""
        units = (h.weights for h in self.hidden.values())
        inside = set().union(*units, *self.reserved.values()) & self.unlike
        for polynomial in polynomials:
            for _, components in polynomial:
                for name in (n for c in components for n, _ in c if n in inside):
                    raise Undecided(
                        f"UNDECIDED (expectation): {name} stands in a unit and outside of it"
                    )

    def fresh(self, name: str) -> str:
        """A name for a new array."""
        self.counts[name] = self.counts.get(name, 0) + 1
        return f"{name}.{self.counts[name]}"

    def aligned(self, part: Polynomial, node: Array, whole: Shape) -> Polynomial:
        """The entries of an operand in an expression of shape ``whole``: axes from the right."""
        shift = len(whole) - node.ndim
        part = self._stretched(part, node.shape, whole[shift:])
        return self.networks.renamed(part, {-1 - k: -1 - k - shift for k in range(node.ndim)})

    def _stretched(self, part: Polynomial, own: Shape, whole: Shape) -> Polynomial:
        """One entry stands beside all of a longer axis: its index is no free one."""
        for k, (size, longer) in enumerate(zip(own, whole, strict=True)):
            if size == 1 != longer:
                part = self.networks.summed(part, -1 - k, size)
        return part

    def _add(self, node: Array, parts: list[Polynomial]) -> Polynomial:
        pairs = zip(parts, node.args, strict=True)
        return self.networks.plus(*(self.aligned(p, a, node.shape) for p, a in pairs))

    def _mul(self, node: Array, parts: list[Polynomial]) -> Polynomial:
        found: Polynomial = {ONE: sp.S.One}
        for part, arg in sorted(
            zip(parts, node.args, strict=True), key=lambda x: x[1].op != "number"
        ):
            found = self.networks.times(found, self.aligned(part, arg, node.shape))
        return self._regraded(node, found)

    def _regraded(self, node: Array, product: Polynomial) -> Polynomial:
        """Large numbers before an expansion make its terms larger."""
        large = [self.sizes.exponent_of(a.data) for a in node.args if a.op == "number"]
        gain = sum(
            (Fraction(int(e.p), int(e.q)) for e in large if e.is_positive and e.is_Rational),
            Fraction(0),
        )
        if not gain or all(g == 0 for g, _ in product):
            return product
        return self.networks.joined(((g - gain, cs), c) for (g, cs), c in product.items())

    def _power(self, node: Array, parts: list[Polynomial]) -> Polynomial:
        found = parts[0]
        for _ in range(node.data - 1):
            found = self.networks.times(found, parts[0])
        return found

    def _transpose(self, node: Array, parts: list[Polynomial]) -> Polynomial:
        last = -node.ndim
        return self.networks.renamed(parts[0], {last: last + 1, last + 1: last})

    def _matmul(self, node: Array, parts: list[Polynomial]) -> Polynomial:
        left, right = node.args
        batch = node.ndim - min(left.ndim - 1, 1) - min(right.ndim - 1, 1)
        rows = min(left.ndim - 1, 1)
        a = _batched(left, batch, [-1 - batch] * rows + [SUMMED])
        b = _batched(right, batch, [SUMMED] + [-1 - batch - rows] * min(right.ndim - 1, 1))
        factors = []
        for part, arg, places in zip(parts, node.args, (a, b), strict=True):
            own = arg.shape[:-2]
            part = self._stretched(part, own, node.shape[batch - len(own) : batch])
            factors.append(self.networks.renamed(part, places))
        product = self.networks.times(*factors)
        return self.networks.summed(product, SUMMED, left.shape[-1])

    def _sum(self, node: Array, parts: list[Polynomial]) -> Polynomial:
        axis, kept = node.data
        arg = node.args[0]
        shift = {-1 - k: -1 - k + (k > axis and not kept) for k in range(arg.ndim)} | {
            -1 - axis: SUMMED
        }
        moved = self.networks.renamed(parts[0], shift)
        return self.networks.summed(moved, SUMMED, arg.shape[axis])

    def _outer(self, node: Array, parts: list[Polynomial]) -> Polynomial:
        found: Polynomial = {ONE: sp.S.One}
        for k, part in enumerate(parts):
            found = self.networks.times(found, self.networks.renamed(part, {-1: -1 - k}))
        return found

    def _heads(self, node: Array, parts: list[Polynomial]) -> Polynomial:
        return self.aligned(parts[0], node.args[0], node.shape)

    def _gradient(self, node: Array, parts: list[Polynomial]) -> Polynomial:
        loss, state = node.args
        for unit in (n for n in nodes(loss) if n.op in ("function", "softmax", "normal")):
            if state in nodes(unit):
                raise Undecided(
                    f"UNDECIDED (expectation): the gradient of a loss with {unit} is not derived, "
                    f"only that of a polynomial in {state}; write the step out"
                )
        variable = state.data.name
        found = []
        for (grade, components), c in parts[0].items():
            for p, component in enumerate(components):
                rest = components[:p] + components[p + 1 :]
                for q, (name, at) in enumerate(component):
                    if name == variable:
                        swap = {i: -1 - k for k, i in enumerate(at)}
                        entries = [
                            (n, tuple(swap.get(i, i) for i in other))
                            for r, (n, other) in enumerate(component)
                            if r != q
                        ]
                        weight, parts_ = self.networks.settled(entries)
                        key = (grade, tuple(sorted((*rest, *parts_))))
                        found.append((key, c * weight))
        return self.networks.joined(found)

    def mean(self, polynomial: Polynomial) -> Polynomial:
        """The mean over everything random, written in the statistics as far as rules go."""
        return self.closure.of(self.expectation.of(polynomial))

    def is_random(self, polynomial: Polynomial) -> bool:
        """Whether anything that is drawn occurs."""
        return any(name in self.laws for _, comps in polynomial for c in comps for name, _ in c)


def _axes(count: int) -> tuple[int, ...]:
    return tuple(-1 - k for k in range(count))


def _batched(node: Array, batch: int, last: list[int]) -> dict[int, int]:
    """Where the axes of a factor of a matrix product go: batch axes, then ``last``."""
    own = node.ndim - len(last)
    names = [-1 - (batch - own + k) for k in range(own)] + last
    return {-1 - k: name for k, name in enumerate(names)}


def _law(leaf: Leaf, scaling: Mapping[sp.Symbol, sp.Expr]) -> Law:
    kind, *what = leaf.law
    if kind == "gaussian":
        return gaussian(leaf.name, what[0])
    if kind == "correlated":
        return correlated(leaf.name, what[0].data.name)
    if kind == "cumulants":
        return law_of_cumulants(leaf.name, what[0], scaling)
    law = independent_entries(leaf.name, bernoulli_cumulants(what[0]))
    rare = sp.sympify(what[0]).subs(scaling).has(N)  # else its kurtosis is one number
    return Law(law.family, law.orders, law.block, growing=rare)
