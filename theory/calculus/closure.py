"""Rules that write a product of states as a statistic, read off the statistic's definition.

``V = X X^T / n`` gives ``sum_i X_ai X_bi -> n V_ab``; ``S = mean(a^2 + w^2)`` gives
``sum a_i^2 -> n S - sum w_i^2``. A rule is applied wherever its pattern occurs in a component with
its summed indices in nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import sympy as sp

from theory.calculus.networks import DELTA, Component, Entry, Networks, Polynomial

Left = dict[tuple[Component, ...], sp.Expr]


@dataclass(frozen=True)
class Rule:
    """A pattern, and what is written for it: terms with the pattern's free indices."""

    pattern: Component
    terms: tuple[tuple[sp.Expr, tuple[Component, ...]], ...]


def statistic_rule(networks: Networks, entry: Entry, definition: Polynomial) -> Rule | None:
    """The rule of ``entry = definition``: its largest component, solved for; or none."""
    single = [(k[1][0], c) for k, c in definition.items() if len(k[1]) == 1 and k[0] == 0]
    states = [
        (component, c)
        for component, c in single
        if any(networks.heads[name].kind == "state" for name, _ in component)
    ]
    if not states:
        return None
    pattern, weight = max(states, key=lambda s: (_degree(networks, s[0]), len(s[0]), s[0]))
    others = [(-c / weight, k[1]) for k, c in definition.items() if k[1] != (pattern,)]
    return Rule(pattern, ((1 / weight, ((entry,),)), *others))


def _degree(networks: Networks, component: Component) -> int:
    return sum(networks.heads[name].kind == "state" for name, _ in component)


@dataclass
class Closure:
    """Rewriting by rules until none applies; results are remembered."""

    networks: Networks
    rules: list[Rule]
    _known: dict[Component, Left] = field(default_factory=dict)

    def add(self, rule: Rule) -> None:
        """One more rule; what was rewritten without it is forgotten."""
        self.rules.append(rule)
        self._known.clear()

    def of(self, polynomial: Polynomial) -> Polynomial:
        """The polynomial with every pattern replaced."""
        found = []
        for (grade, components), c in polynomial.items():
            products: Left = {(): c}
            for component in components:
                parts = self._component(component)
                products = _summed(products, parts)
            found += [((grade, k), v) for k, v in products.items()]
        return self.networks.joined(found)

    def _component(self, component: Component) -> Left:
        if component not in self._known:
            self._known[component] = self._rewritten(component)
        return self._known[component]

    def _rewritten(self, component: Component) -> Left:
        for rule in self.rules:
            found = next(_matches(self.networks, rule.pattern, component), None)
            if found is not None:
                return self._applied(rule, component, *found)
        return {(component,): sp.S.One}

    def _applied(
        self, rule: Rule, component: Component, places: frozenset[int], names: dict[int, int]
    ) -> Left:
        rest = [e for p, e in enumerate(component) if p not in places]
        offset = 1 + max((i for _, at in component for i in at if i >= 0), default=-1)
        found: Left = {}
        sizes = {
            i: size
            for name, at in component
            if name != DELTA
            for i, size in zip(at, self.networks.heads[name].shape, strict=True)
            if i >= 0
        }
        gone = {v for k, v in names.items() if k >= 0}
        sizes = {i: s for i, s in sizes.items() if i not in gone}
        for weight, components in rule.terms:
            new, start = [], offset
            for part in components:
                new += [(n, tuple(names[i] if i < 0 else i + start for i in at)) for n, at in part]
                start += 1 + max((i for _, at in part for i in at if i >= 0), default=-1)
            factor, parts = self.networks.settled(rest + new, sizes)
            products: Left = {(): weight * factor}
            for part in parts:
                products = _summed(products, self._component(part))
            for key, value in products.items():
                found[key] = found.get(key, sp.S.Zero) + value
        return {k: v for k, v in found.items() if v != 0}


def _summed(left: Left, right: Left) -> Left:
    found: Left = {}
    for k, a in left.items():
        for j, b in right.items():
            key = tuple(sorted(k + j))
            found[key] = found.get(key, sp.S.Zero) + a * b
    return found


def _matches(
    networks: Networks, pattern: Component, component: Component
) -> Iterator[tuple[frozenset[int], dict[int, int]]]:
    """Places and indices at which a pattern stands in a component, its summed indices alone."""

    def extend(p: int, places: tuple[int, ...], names: dict[int, int]) -> Iterator:
        if p == len(pattern):
            inner = {names[i] for i in names if i >= 0}
            outside = {i for q, (_, at) in enumerate(component) if q not in places for i in at}
            free = {v for i, v in names.items() if i < 0}
            if not inner & (outside | free):
                yield frozenset(places), names
            return
        name, slots = pattern[p]
        head = networks.heads.get(name)
        for q, (other, at) in enumerate(component):
            if other != name or q in places:
                continue
            orders = {at, at[::-1]} if head and head.symmetric else {at}
            for order in sorted(orders):
                merged = _unified(slots, order, names)
                if merged is not None:
                    yield from extend(p + 1, (*places, q), merged)

    yield from extend(0, (), {})


def _unified(
    slots: tuple[int, ...], at: tuple[int, ...], names: dict[int, int]
) -> dict[int, int] | None:
    merged = dict(names)
    for slot, index in zip(slots, at, strict=True):
        if merged.setdefault(slot, index) != index or (slot >= 0 and index < 0):
            return None
    inner = [v for k, v in merged.items() if k >= 0]
    return merged if len(set(inner)) == len(inner) else None
