"""Functions in a layer: of statistics, of small arguments, of Gaussian columns.

A function of what the statistics fix is a number that depends on them. A function of a random
argument that is small is expanded, with the size of every term on record. A function of a Gaussian
field of order one makes columns that are independent given the state; their moments are kernels.
Anything else is UNDECIDED (expectation).
"""

from collections.abc import Callable
from fractions import Fraction

import sympy as sp

from theory.calculus.closure import Rule
from theory.calculus.network_forms import expression
from theory.calculus.networks import ONE, Head, Polynomial
from theory.layers.arrays import Array, nodes
from theory.layers.functions import UNITS, x
from theory.layers.leaves import N
from theory.layers.pointwise import has_function
from theory.limits.attention import opaque_softmax
from theory.limits.directions import directions
from theory.limits.hidden import hidden_columns
from theory.limits.lowering import SUMMED, Environment, Reading
from theory.limits.sizes import Undecided, largest


def read_unit(reading: Reading, node: Array, environment: Environment) -> Polynomial:
    """The entries of a function of an array."""
    argument = reading.closure.of(reading.of(node.args[0], environment))
    if node.op == "normal":
        if reading.is_random(argument):
            return directions(reading, node, environment)
        return _normalised(reading, node, argument)
    if node.op == "softmax":
        return _softmax(reading, node, argument, environment)
    base, small, size = split(reading, node, argument)
    if size <= 0:
        return hidden_columns(reading, node, environment)
    return _expanded(reading, node, UNITS[node.data], base, small)


def split(
    reading: Reading, node: Array, argument: Polynomial
) -> tuple[Polynomial, Polynomial, sp.Expr]:
    """What of an argument is of order one and fixed by the statistics; the small rest; its size.

    Terms of the rest carry their sizes as grades. Where the random part does not fall with N the
    size is zero or less.
    """
    base, rest = [], []
    random = {k: c for k, c in argument.items() if reading.is_random({k: c})}
    for (grade, components), c in argument.items():
        if (grade, components) in random:
            continue
        more = sp.Add(*map(reading.sizes.typical, components))
        found = reading.sizes.exponents(c)
        if len(found) != 1 or not (e := sp.expand(next(iter(found)) + more)).is_nonpositive:
            raise Undecided(
                f"UNDECIDED (order): the argument of {node} has the part {c}, which grows"
            )
        if e == 0 and grade == 0:
            base.append(((grade, components), next(iter(found.values()))))
        else:
            rest.append(((max(grade, _grade(reading, sp.sympify(-e))), components), c))
    size = sp.oo
    if random:
        size = smallness(reading, random)
        if size > 0:
            grade = _grade(reading, size)
            rest += [((max(g, grade), cs), c) for (g, cs), c in random.items()]
    return reading.networks.joined(base), reading.networks.joined(rest), size


def smallness(reading: Reading, random: Polynomial) -> sp.Expr:
    """A random argument is of order N to minus this; zero or less if it does not fall."""
    square = reading.mean(reading.networks.times(random, random))
    top = largest(reading.sizes.orders(square))
    return sp.oo if top == sp.S.NegativeInfinity else -top / 2


def _grade(reading: Reading, size: sp.Expr) -> Fraction:
    """The size on record, once it is clear how small terms may be."""
    if size == 0:
        return Fraction(0)
    if reading.depth is None or not size.is_Rational:
        raise Undecided("UNDECIDED (order): an expansion needs a declared number of steps")
    reading.networks.depth = reading.depth
    return Fraction(int(size.p), int(size.q))


def _expanded(
    reading: Reading, node: Array, body: sp.Expr, base: Polynomial, small: Polynomial
) -> Polynomial:
    """Taylor's series in the small part of the argument."""
    if small and body.has(sp.Max, sp.Abs, sp.sign, sp.Heaviside):
        raise Undecided(f"UNDECIDED (expectation): {node} is not smooth, its argument is small")
    found: list[Polynomial] = []
    power: Polynomial = {ONE: sp.S.One}
    derivative = body
    for k in range(20):
        if not power:
            return reading.networks.plus(*found)
        at_zero = _function_of_state(reading, node, derivative, base)
        term = reading.networks.times(at_zero, power)
        found.append(reading.networks.scaled(term, 1 / sp.factorial(k)))
        power = reading.networks.times(power, small)
        derivative = sp.diff(derivative, x)
    raise Undecided(f"UNDECIDED (order): the expansion of {node} does not end")


def _function_of_state(
    reading: Reading, node: Array, body: sp.Expr, argument: Polynomial
) -> Polynomial:
    """A function of what does not move within the step."""
    if all(not cs for _, cs in argument):
        value = body.subs(x, sp.Add(*argument.values()))
        if value.has(sp.nan, sp.zoo, sp.Derivative, sp.DiracDelta):
            raise Undecided(f"UNDECIDED (expectation): {node} is not smooth where it is expanded")
        return {ONE: value} if value != 0 else {}
    _refuse_unsized(reading, node, body, argument)
    return named_function(
        reading, node, argument, lambda *at: body.subs(x, _written(reading, argument, at))
    )


def _refuse_unsized(reading: Reading, node: Array, body: sp.Expr, argument: Polynomial) -> None:
    """A function of entries of a state is of order one where the entries are."""
    for _, components in argument:
        for component in components:
            sizes = [reading.sizes.entry_size(name) for name, _ in component]
            if any(sizes) and body.func != sp.sign:
                raise Undecided(
                    f"UNDECIDED (order): {node} is a function of entries that fall or grow with N"
                )


def named_function(
    reading: Reading, node: Array, argument: Polynomial, definition: Callable[..., sp.Expr]
) -> Polynomial:
    """An entry whose value is a function of the statistics, or of entries of the state."""
    kinds = {reading.networks.heads[n].kind for _, cs in argument for c in cs for n, _ in c}
    kind = "state" if "state" in kinds else "function"
    axes = [k for k, size in enumerate(node.shape) if size != 1]
    name = reading.fresh(node.data if isinstance(node.data, str) else node.op)

    def of(*at: sp.Idx) -> sp.Expr:
        # An axis of length one has no index outside: the value is summed over its one entry.
        ones = {k: sp.Idx(f"one{k}", 1) for k in range(node.ndim) if k not in axes}
        spread = dict(zip(axes, at, strict=True)) | ones
        value = definition(*(spread[k] for k in range(node.ndim)))
        sums = [(i, 0, 0) for i in ones.values() if i in value.free_symbols]
        return sp.Sum(value, *sums) if sums else value

    head = Head(name, tuple(node.shape[k] for k in axes), kind, definition=of)
    left = reading.states_left(argument)
    if all(any(i >= 0 for _, at in c for i in at) for c in left):  # in sums, not in entries
        reading.kernel(head, argument)
    else:
        reading.networks.add(head)
    return reading.networks.entry(name, *(-1 - k for k in axes))


def _written(reading: Reading, polynomial: Polynomial, at) -> sp.Expr:
    return expression(reading.networks, polynomial, at, frozenset(reading.networks.heads))


def _normalised(reading: Reading, node: Array, argument: Polynomial) -> Polynomial:
    """A row divided by its norm, where the statistics fix the norm."""
    last = -node.ndim
    square = reading.networks.renamed(reading.networks.times(argument, argument), {last: SUMMED})
    square = reading.networks.summed(square, SUMMED, node.shape[-1])
    if node.data != "unit":
        square = reading.networks.scaled(square, 1 / node.shape[-1])
    orders = reading.sizes.orders(reading.closure.of(square))
    if len(orders) != 1:
        raise Undecided(f"UNDECIDED (order): the norm in {node} has parts of different order in N")
    ((e, square),) = orders.items()
    scaled = reading.networks.scaled(argument, N ** (-e / 2))
    if all(not cs for _, cs in square):
        return reading.networks.scaled(scaled, 1 / sp.sqrt(sp.Add(*square.values())))
    norms = Array("norm", (node,), node.shape[:-1], node.data)
    inverse = named_function(
        reading, norms, square, lambda *at: 1 / sp.sqrt(_written(reading, square, at))
    )
    return reading.networks.times(scaled, inverse)


def _softmax(
    reading: Reading, node: Array, argument: Polynomial, environment: Environment
) -> Polynomial:
    """Weights times exponentials, divided by their sum along the last axis."""
    last, count = -node.ndim, node.shape[-1]
    weights: Polynomial = {ONE: 1 / count}
    if len(node.args) > 1:
        weights = reading.aligned(reading.of(node.args[1], environment), node.args[1], node.shape)
    base, small, size = split(reading, node, argument)
    if size <= 0 and not base and not small:
        return opaque_softmax(reading, node, argument)
    if size <= 0:
        raise Undecided(f"EXPECTATION: no mean is known of {node}: part of its logits is random")
    if base:
        weights = _fixed_softmax(reading, node, base, weights)
    if not small:
        return weights
    networks = reading.networks
    exponential: list[Polynomial] = [weights]
    power: Polynomial = {ONE: sp.S.One}
    for k in range(1, 20):
        power = networks.times(power, small)
        if not power:
            break
        exponential.append(networks.scaled(networks.times(weights, power), 1 / sp.factorial(k)))
    top = networks.plus(*exponential)
    rest = [networks.renamed(part, {last: SUMMED}) for part in exponential[1:]]
    excess = reading.closure.of(networks.summed(networks.plus(*rest), SUMMED, count))
    inverse: list[Polynomial] = [{ONE: sp.S.One}]
    power = inverse[0]
    while power:
        power = networks.scaled(networks.times(power, excess), sp.S.NegativeOne)
        inverse.append(power)
    return networks.times(top, networks.plus(*inverse))


def _fixed_softmax(
    reading: Reading, node: Array, logits: Polynomial, weights: Polynomial
) -> Polynomial:
    """The softmax of what the statistics fix, a matrix whose rows sum to one."""
    count = node.shape[-1]

    def definition(*at: sp.Idx) -> sp.Expr:
        over = sp.Idx(f"_{at[-1]}", count)
        top, below = (
            _written(reading, weights, (*at[:-1], i))
            * sp.exp(_written(reading, logits, (*at[:-1], i)))
            for i in (at[-1], over)
        )
        return top / sp.Sum(below, (over, 0, count - 1))

    found = named_function(reading, node, logits, definition)
    (((_, (component,)), _),) = found.items()
    name, at = component[0]
    rows = tuple(i for i in at if i != -node.ndim)
    if len(rows) == len(at) - 1:
        reading.closure.add(Rule(((name, (*rows, 0)),), ((sp.S.One, ()),)))
    return found


def growth(reading: Reading, node: Array) -> sp.Expr:
    """What large numbers before functions cost: the powers of N that multiply an expansion."""
    found = sp.S.Zero
    for each in nodes(node):
        if each.op == "mul" and any(has_function(a) for a in each.args):
            for a in each.args:
                if a.op == "number":
                    e = reading.sizes.exponent_of(a.data)
                    found += e if e.is_positive else 0
    return found
