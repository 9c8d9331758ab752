"""The prover: cuts a box in two until interval arithmetic decides each piece.

It uses crival (module ``ival``), tight intervals of doubles, on many pieces at a time. What it
says is not believed: `theory.certify.replay` checks the tree that it leaves, in Arb.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from theory.certify.inequality import LARGEST_ORDER, Inequality
from theory.certify.program import Arithmetic, Program, run

Leaf = list  # ["value", its lower bound], or ["taylor", axis, order, "low" or "high"]
Ends = np.ndarray  # (axes, 2)
BATCH = 4096
LOOKED = 2000  # samples that are evaluated in Arb, of either kind
CANDIDATES = 8  # counterexamples of a batch that are confirmed, or not


@dataclass(frozen=True)
class Proof:
    """A tree, in order of visit: ["cut", axis] before its two parts, or a leaf."""

    tree: list
    boxes: int


@dataclass(frozen=True)
class Counter:
    """A box on which the expression is negative."""

    box: list
    boxes: int


@dataclass(frozen=True)
class Undecided:
    """The budget of boxes is spent."""

    boxes: int


@cache
def intervals() -> Arithmetic:
    """The arithmetic of crival, on arrays; a ModuleNotFoundError says how to install it."""
    ival = _module()
    operations = {
        "add": lambda a, b: a + b, "mul": lambda a, b: a * b, "div": lambda a, b: a / b,
        "neg": lambda a: -a, "square": ival.sqr, "sqrt": ival.sqrt, "exp": ival.exp,
        "log": ival.log, "acos": ival.acos, "erf": ival.erf, "tanh": ival.tanh,
    }  # fmt: skip

    def constant(p: int, q: int) -> Any:
        return ival.Interval(p) / ival.Interval(q)

    return Arithmetic(constant, lambda: ival.acos(ival.Interval(-1.0)), operations)


def prove(
    claim: Inequality, budget: int, confirmed: Callable[[list], bool] = lambda box: True
) -> Proof | Counter | Undecided:
    """Search a proof with at most ``budget`` boxes.

    ``confirmed`` is asked whether the expression is negative on a box, as it seems: where it is not
    defined, or doubles overflow, a box may seem to be a counterexample and is none.
    """
    root = np.array([[float(a), float(b)] for a, b in claim.ends])
    nodes: dict[int, Any] = {}  # index of a piece -> leaf, or the axis and the two parts
    waiting, boxes, used = [(0, root)], 1, 0
    while waiting:
        batch, waiting = waiting[:BATCH], waiting[BATCH:]
        used += len(batch)
        pieces = np.stack([piece for _, piece in batch])
        leaves, negative = _decide(claim, pieces)
        for box in negative[:CANDIDATES]:
            if confirmed(box.tolist()):
                return Counter(box.tolist(), used)
        for (index, piece), leaf in zip(batch, leaves, strict=True):
            if leaf is not None:
                nodes[index] = leaf
                continue
            axis = _widest(piece, root)
            nodes[index] = (axis, boxes, boxes + 1)
            waiting += _halves(piece, axis, boxes)
            boxes += 2
        if boxes > budget:
            return Undecided(used)
    return Proof(_listed(nodes), boxes)


def _widest(piece: Ends, root: Ends) -> int:
    halves, whole = (ends[:, 1] / 2 - ends[:, 0] / 2 for ends in (piece, root))
    return int(np.argmax(halves / whole))


def _halves(piece: Ends, axis: int, first: int) -> list:
    middle = _middle(piece)[axis]
    low, high = piece.copy(), piece.copy()
    low[axis, 1] = high[axis, 0] = middle
    return [(first, low), (first + 1, high)]


def _middle(pieces: np.ndarray) -> np.ndarray:
    return pieces[..., 0] / 2 + pieces[..., 1] / 2  # the sum may be beyond the largest double


def _decide(claim: Inequality, pieces: np.ndarray) -> tuple[Sequence[Leaf | None], list]:
    """A leaf for each decided piece, and boxes on which the expression seems to be negative."""
    low, high = _bounds(claim.program, pieces)
    middle = _middle(pieces)[..., None].repeat(2, axis=2)
    _, at_middle = _bounds(claim.program, middle)
    negative = [*pieces[high < 0], *middle[at_middle < 0]]
    leaves: list[Leaf | None] = [["value", float(x)] if x >= 0 else None for x in low]
    for axis, programs in claim.derivatives.items():
        for end in ("low", "high"):
            open_ = np.array([leaf is None for leaf in leaves])
            if not open_.any():
                return leaves, negative
            orders = _taylor(programs, pieces, axis, end)
            for k in np.flatnonzero(open_ & (orders > 0)):
                leaves[k] = ["taylor", axis, int(orders[k]), end]
    return leaves, negative


def _taylor(programs: Sequence[Program], pieces: np.ndarray, axis: int, end: str) -> np.ndarray:
    """The order by which derivatives at an end decide each piece, or zero."""
    face = pieces.copy()
    side = 0 if end == "low" else 1
    face[:, axis, 1 - side] = face[:, axis, side]
    orders = np.zeros(len(pieces), dtype=int)
    going = np.ones(len(pieces), dtype=bool)
    for order in range(LARGEST_ORDER + 1):
        sign = -1 if end == "high" and order % 2 else 1
        if order > 0:
            whole = _bounds(programs[order], pieces)
            orders[going & (orders == 0) & (_least(whole, sign) >= 0)] = order
        going &= _least(_bounds(programs[order], face), sign) >= 0
    return orders


def _least(bounds: tuple[np.ndarray, np.ndarray], sign: int) -> np.ndarray:
    return bounds[0] if sign > 0 else -bounds[1]


def _bounds(program: Program, pieces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the program on each piece; an undefined value bounds nothing."""
    Interval = _module().Interval
    arguments = [Interval(p[:, 0].copy(), p[:, 1].copy()) for p in np.moveaxis(pieces, 1, 0)]
    found = run(program, arguments, intervals())
    shape = (len(pieces),)
    low, high = np.broadcast_to(found.inf, shape), np.broadcast_to(found.sup, shape)
    unknown = ~(low <= high)  # not a number, or empty where nothing is defined
    return np.where(unknown, -np.inf, low), np.where(unknown, np.inf, high)


def sample(claim: Inequality, points: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Of random points of the box those where doubles know no bound, and where it is lowest.

    With the points, rows, come the lower bounds, in increasing order.
    """
    random = np.random.default_rng(seed)
    ends = np.array([[float(a), float(b)] for a, b in claim.ends])
    share = random.random((points, len(ends)))
    at = (1 - share) * ends[:, 0] + share * ends[:, 1]
    low, _ = _bounds(claim.program, np.stack([at, at], axis=2))
    order, unknown = np.argsort(low), int(np.isneginf(low).sum())
    chosen = np.concatenate([order[: min(unknown, LOOKED)], order[unknown : unknown + LOOKED]])
    return at[chosen], low[chosen]


def _listed(nodes: dict[int, Any]) -> list:
    """The tree in order of visit."""
    listed, stack = [], [0]
    while stack:
        node = nodes[stack.pop()]
        if isinstance(node, tuple):
            listed.append(["cut", node[0]])
            stack += [node[2], node[1]]
        else:
            listed.append(node)
    return listed


def _module() -> Any:
    try:
        import ival
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"proofs need crival: expected it to be installed, received “{error}”; install it "
            f"with: pip install 'verilimit[certify]'"
        ) from error
    return ival
