"""Hidden units: functions of Gaussian fields, with columns that are independent given the state."""

from collections.abc import Sequence
from itertools import product

import sympy as sp

from theory.calculus.cumulants import Block, Law, in_moments
from theory.calculus.kernels import GaussianMean, pair_kernel, shifted_kernel, single_kernel
from theory.calculus.network_forms import expression
from theory.calculus.networks import DELTA, Entry, Head, Polynomial
from theory.layers.arrays import Array
from theory.layers.functions import x
from theory.layers.pointwise import pointwise, variable
from theory.limits.lowering import Environment, Reading
from theory.limits.sizes import Undecided


def hidden_columns(reading: Reading, node: Array, environment: Environment) -> Polynomial:
    """A new random array, whose law is that of a function of Gaussian fields."""
    body, fields = pointwise(node)
    columns = Columns(reading, node, body, fields, environment)
    name = reading.fresh(str(node.data or node.op))
    shape = tuple(node.shape)
    reading.networks.add(Head(name, shape, "random"))
    columns.name = name
    reading.hidden[name] = columns
    family = _family(reading, columns)
    for other in reading.hidden.values():
        if other.weights & columns.weights:
            reading.laws[other.name] = Law(family, None, lambda es: _block(reading, es))
    return reading.networks.entry(name, *(-1 - k for k in range(node.ndim)))


class Columns:
    """One array of hidden units: its formula, and the mean and covariance of its fields."""

    def __init__(
        self, reading: Reading, node: Array, body: sp.Expr, fields: list[Array], environment,
        scale_free: bool = False,
    ) -> None:
        """Read the law of the fields; raises ``Undecided`` where they are not Gaussian.

        A ``scale_free`` unit does not see by which power of N its field grows.
        """
        self.scale_free = scale_free
        self.reading, self.node, self.body = reading, node, body
        self.name, self.dim = "", node.ndim
        networks = reading.networks
        parts = [reading.aligned(reading.of(f, environment), f, self.dim) for f in fields]
        parts = [reading.closure.of(p) for p in parts]
        self.means, self.linear = [], []
        self.weights: set[str] = set()
        for part, f in zip(parts, fields, strict=True):
            random = {k: c for k, c in part.items() if reading.is_random({k: c})}
            for _, components in random:
                names = [n for c in components for n, _ in c if n in reading.laws]
                if len(names) != 1 or reading.laws[names[0]].orders != (2,):
                    raise Undecided(
                        f"UNDECIDED (expectation): {f} in {node} is not linear in one Gaussian array"
                    )
                self.weights.add(names[0])
            self.linear.append(random)
            self.means.append({k: c for k, c in part.items() if k not in random})
        shift = {-1 - k: -1 - k - self.dim for k in range(self.dim)}
        self.covariances = {
            (r, s): reading.mean(networks.times(p, networks.renamed(q, shift)))
            for (r, p), (s, q) in product(enumerate(self.linear), repeat=2)
        }
        self._check_orders()
        self.columns = self._column_axes()
        self.tokens = [k for k in range(self.dim) if k not in self.columns]

    def _check_orders(self) -> None:
        """Kernels are taken at a law that does not depend on N."""
        sizes = self.reading.sizes
        for table in (self.covariances, dict(enumerate(self.means))):
            for key, polynomial in table.items():
                orders = sizes.orders(polynomial)
                if self.scale_free and len(orders) == 1:
                    table[key] = next(iter(orders.values()))
                    continue
                if set(orders) - {sp.S.Zero}:
                    raise Undecided(
                        f"UNDECIDED (order): the law of the argument of {self.node} depends on N, "
                        f"by powers {', '.join(map(str, orders))}"
                    )
                table[key] = orders.get(sp.S.Zero, {})
            if table is not self.covariances:
                self.means = list(table.values())

    def _column_axes(self) -> list[int]:
        """Axes along which different entries are independent: a delta in every covariance."""
        keys = [cs for c in self.covariances.values() for _, cs in c]

        def has(components, k: int) -> bool:
            delta = ((DELTA, (-1 - k - self.dim, -1 - k)),)
            return delta in components

        found = [k for k in range(self.dim) if keys and all(has(cs, k) for cs in keys)]
        for cs in keys:
            for component in cs:
                for name, at in component:
                    for i in at:
                        if i < 0 and name != DELTA and (-1 - i) % self.dim in found:
                            raise Undecided(
                                f"UNDECIDED (expectation): the columns of {self.node} differ in law"
                            )
        return found

    def covariance(self, r: int, left: Sequence, s: int, right: Sequence) -> sp.Expr:
        """The covariance of two fields at tokens."""
        networks = self.reading.networks
        deltas = {((DELTA, (-1 - k - self.dim, -1 - k)),) for k in self.columns}
        bare = networks.joined(
            ((g, tuple(c for c in cs if c not in deltas)), w)
            for (g, cs), w in self.covariances[r, s].items()
        )
        spare = sp.Idx("unused", 1)
        places = [dict(zip(self.tokens, at, strict=True)) for at in (left, right)]
        free = [p.get(k, spare) for p in places for k in range(self.dim)]
        return expression(networks, bare, free, frozenset(networks.heads))

    def mean(self, r: int, at: Sequence) -> sp.Expr:
        """The part of a field that is not random."""
        networks = self.reading.networks
        for _, cs in self.means[r]:
            for component in cs:
                if any(networks.heads[n].kind == "state" for n, _ in component):
                    raise Undecided(
                        f"UNDECIDED (closure): {self.node} depends on {component[0][0]} by entries"
                    )
        spread = dict(zip(self.tokens, at, strict=True))
        free = [spread.get(k, sp.Idx("unused", 1)) for k in range(self.dim)]
        return expression(networks, self.means[r], free, frozenset(networks.heads))


def _family(reading: Reading, columns: Columns) -> str:
    """Units of the same weights belong together."""
    return "units of " + " ".join(sorted(columns.weights))


def _block(reading: Reading, entries: Sequence[Entry]) -> list[Block]:
    """The cumulant of hidden units in one column, written in their moments."""
    hidden = [reading.hidden[name] for name, _ in entries]
    places = [[at[k] for k in h.columns] for h, (_, at) in zip(hidden, entries, strict=True)]
    deltas = [
        (DELTA, (i, j)) for at in places[1:] for i, j in zip(places[0], at, strict=True) if i != j
    ]
    moments = in_moments(entries, lambda part: _moment(reading, part))
    return [(weight, [*deltas, *left]) for weight, left in moments]


def _moment(reading: Reading, entries: list[Entry]) -> Entry | None:
    """An entry of a kernel: the mean of a product of units in one column; none if it is zero."""
    entries = sorted(entries)
    hidden = [reading.hidden[name] for name, _ in entries]
    at = tuple(e[1][k] for h, e in zip(hidden, entries, strict=True) for k in h.tokens)
    shape = tuple(h.node.shape[k] for h in hidden for k in h.tokens)
    name = "E[" + " ".join(h.name for h in hidden) + "]"
    if name not in reading.networks.heads:
        same = len({h.name for h in hidden}) == 1 and len(hidden[0].tokens) == 1
        definition = _definition(hidden)
        trial = definition(*(sp.Idx(f"t{k}", s) for k, s in enumerate(shape)))
        reading.zero[name] = trial == 0
        head = Head(name, shape, "function", same, definition=definition)
        reading.networks.add(head)
    return None if reading.zero[name] else (name, at)


def _definition(hidden: list[Columns]):
    def of(*at: sp.Idx) -> sp.Expr:
        tokens, start = [], 0
        for h in hidden:
            tokens.append(at[start : start + len(h.tokens)])
            start += len(h.tokens)
        return moment_of(hidden, tokens)

    return of


def moment_of(hidden: list[Columns], tokens: list[Sequence]) -> sp.Expr:
    """E of a product of units: independent fields apart, closed forms where they are known."""
    variables, places, bodies = [], [], []
    for copy, (h, at) in enumerate(zip(hidden, tokens, strict=True)):
        same = next(k for k in range(copy + 1) if (hidden[k], tokens[k]) == (h, at))
        names = [variable(r, same) for r in range(len(h.linear))]
        means = {n: n + h.mean(r, at) for r, n in enumerate(names)}
        swap = {variable(r): n for r, n in enumerate(names)}
        bodies.append(h.body.xreplace(swap).subs(means, simultaneous=True))
        if same == copy:
            variables += names
            places += [(h, r, at) for r in range(len(names))]
    cov = {
        (a, b): _between(places[i], places[j])
        for i, a in enumerate(variables)
        for j, b in enumerate(variables)
        if i <= j
    }
    body = sp.Mul(*bodies).replace(
        lambda e: isinstance(e, sp.Pow) and isinstance(e.base, sp.sign) and e.exp == 2,
        lambda _: sp.S.One,  # but at one point, which a Gaussian never meets
    )
    return _factored(body, variables, cov)


def _between(left, right) -> sp.Expr:
    (h, r, a), (g, s, b) = left, right
    if h is g:
        return h.covariance(r, a, s, b)
    if not h.weights & g.weights:
        return sp.S.Zero
    raise Undecided(f"UNDECIDED (expectation): {h.node} and {g.node} share weights")


def _factored(body: sp.Expr, variables: list[sp.Symbol], cov: dict) -> sp.Expr:
    """The mean over groups of dependent variables, one group after the other."""
    found = []
    for term in sp.Add.make_args(sp.expand(body) if body.is_Add or body.is_Mul else body):
        value, rest = sp.S.One, term
        for group in _groups(variables, cov):
            inside, rest = _split(rest, group)
            value = value * _group_mean(inside, group, cov)
        found.append(value * rest)
    return sp.Add(*found)


def _groups(variables: list[sp.Symbol], cov: dict) -> list[list[sp.Symbol]]:
    groups: list[list[sp.Symbol]] = []
    for v in variables:
        touching = [g for g in groups if any(cov.get((w, v), 0) != 0 for w in g)]
        groups = [g for g in groups if g not in touching]
        groups.append([w for g in touching for w in g] + [v])
    return groups


def _split(term: sp.Expr, group: list[sp.Symbol]) -> tuple[sp.Expr, sp.Expr]:
    inside = [f for f in sp.Mul.make_args(term) if f.has(*group)]
    others = [f for f in sp.Mul.make_args(term) if not f.has(*group)]
    return sp.Mul(*inside), sp.Mul(*others)


def _group_mean(body: sp.Expr, group: list[sp.Symbol], cov: dict) -> sp.Expr:
    used = [v for v in group if body.has(v)]
    if not used:
        return sp.S.One
    if body.is_polynomial(*used):
        return _isserlis(sp.Poly(body, *used), used, cov)
    if len(used) == 1 and (v := used[0]):
        closed = single_kernel(body.subs(v, x), x, cov[v, v])
        closed = shifted_kernel(body, v, cov[v, v]) if closed is None else closed
        if closed is not None:
            return closed
    if len(used) == 2:
        a, b = used
        left, right = _split(body, [a])
        if not left.has(b) and left.subs(a, x) == right.subs(b, x):
            closed = pair_kernel(left.subs(a, x), x, cov[a, a], cov[b, b], cov[a, b])
            if closed is not None:
                return closed
    triangle = [cov[a, b] for k, a in enumerate(used) for b in used[k:]]
    return GaussianMean(body, sp.Tuple(*used), sp.Tuple(*triangle))


def _isserlis(poly: sp.Poly, used: list[sp.Symbol], cov: dict) -> sp.Expr:
    def mean(powers: tuple[int, ...]) -> sp.Expr:
        k = next((k for k, p in enumerate(powers) if p), None)
        if k is None:
            return sp.S.One
        left = [p - (j == k) for j, p in enumerate(powers)]
        found = sp.S.Zero
        for j, p in enumerate(left):
            if p:
                pair = (used[min(j, k)], used[max(j, k)])
                less = tuple(q - (i == j) for i, q in enumerate(left))
                found += p * cov[pair] * mean(less)
        return found

    return sp.expand(sp.Add(*(c * mean(p) for p, c in poly.terms())))
