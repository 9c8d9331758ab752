"""Property tests of an optimizer: what is assumed of it, one item of pytest a law."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float

from checks.properties import strategies as vs
from checks.properties.attention_laws import law_tests
from checks.properties.frameworks import EPSILON
from checks.properties.optimizers import Leaves, as_leaves, start_training, trained
from checks.properties.probe import require

Real = float | int
STEPS, ENTRIES = 4, 9
EPS = 1e-7  # of a step, by which the eps of an optimizer may show; Adam's is 1e-8 of a gradient
History = Float[np.ndarray, "_ 9"]
Draws = Mapping[str, Any]


@dataclass(frozen=True)
class Optimizer:
    """What is probed, and what it is said to do."""

    optimizer: Any
    dtype: str
    decay: Real
    largest_step: Real

    def run(self, start: Float[np.ndarray, " 9"], history: History) -> list[dict[str, np.ndarray]]:
        """Parameters before and after each step."""
        gradients = [as_leaves(row) for row in history]
        return trained(self.optimizer, self.dtype, as_leaves(start), gradients)

    def same(
        self, found: Leaves, wanted: Leaves, what: str, scale: Real = 1.0, more: Real = 0.0
    ) -> None:
        """Raise Violation unless parameters agree up to the rounding of the dtype, and ``more``."""
        for name in found:
            off = np.abs(found[name] - wanted[name]).max()
            slack = EPSILON[self.dtype] ** 0.75 * (scale + np.abs(wanted[name]).max()) + more
            require(off <= slack, f"{what} by {off:.3g} in {name}, beyond the rounding {slack:.2g}")


def sign_flips(probed: Optimizer, start: Any, history: History, signs: int) -> None:
    """Rows and columns of gradients and parameters flipped in sign flip those of the updates."""
    flip = 1.0 - 2.0 * np.array([signs >> k & 1 for k in range(8)])
    flips = np.concatenate([np.outer(flip[:2], flip[2:5]).ravel(), flip[5:]])
    plain, flipped = probed.run(start, history), probed.run(flips * start, flips * history)
    for now, other in zip(plain, flipped, strict=True):
        back = {name: leaf * as_leaves(flips)[name] for name, leaf in other.items()}
        probed.same(back, now, "with signs flipped, a parameter is off")


def zero_gradients(probed: Optimizer, start: Any) -> None:
    """Gradients of zero from the start move nothing; decay alone shrinks what it shrinks."""
    found = probed.run(start, np.zeros((STEPS, ENTRIES)))
    for t, now in enumerate(found):
        wanted = {k: leaf * (1 - probed.decay) ** t for k, leaf in as_leaves(start).items()}
        probed.same(now, wanted, f"after {t} gradients of zero, a parameter is off")


def nan_stays(probed: Optimizer, start: Any, history: History, step: int) -> None:
    """NaN in the gradient of one parameter changes no other parameter."""
    plain = probed.run(start, history)[-1]
    for entry, where, other in ((0, "matrix", "vector"), (-1, "vector", "matrix")):
        broken = history.copy()
        broken[step, entry] = np.nan
        spoiled = probed.run(start, broken)[-1]
        probed.same(
            {other: spoiled[other]}, {other: plain[other]},
            f"with NaN in the {where}, another parameter is off",
        )  # fmt: skip


def nan_skipped(probed: Optimizer, start: Any, history: History, step: int) -> None:
    """A step whose gradient has NaN is skipped: all goes on as if it had not been."""
    broken = np.insert(history, step, history[step], axis=0)
    broken[step, 0] = np.nan
    plain, spoiled = probed.run(start, history)[-1], probed.run(start, broken)[-1]
    probed.same(spoiled, plain, "after a step with NaN, a parameter is off")


def scale_invariance(probed: Optimizer, start: Any, seed: int, factor: float) -> None:
    """Gradients multiplied by a number give the same steps, up to eps (Adam, Lion, Muon, signs)."""
    random = np.random.default_rng(seed)
    history = random.choice([-1.0, 1.0], (STEPS, ENTRIES)) * random.uniform(1, 3, (STEPS, ENTRIES))
    plain, scaled = probed.run(start, history), probed.run(start, factor * history)
    path = 0.0
    for t, (now, other) in enumerate(zip(plain, scaled, strict=True)):
        if t:
            path += max(float(np.abs(now[name] - plain[t - 1][name]).max()) for name in now)
        what = f"with gradients times {factor:g}, a parameter is off"
        probed.same(other, now, what, 0.0, EPS * path)


def decoupled(probed: Optimizer, start: Any, other: Any, history: History) -> None:
    """Decay is decoupled: the distance of two starts shrinks by 1 - decay a step."""
    first, second = probed.run(start, history), probed.run(other, history)
    for t, (a, b) in enumerate(zip(first, second, strict=True)):
        shrunk = as_leaves((1 - probed.decay) ** t * (start - other))
        apart = {name: a[name] - b[name] for name in a}
        size = max(float(np.abs(leaf).max()) for leaf in (*a.values(), *b.values()))
        probed.same(apart, shrunk, f"after {t} steps, the distance of two starts is off", size)


def survives(probed: Optimizer, start: Any, history: History, step: int) -> None:
    """The state is all that there is: saved, read and continued, training is the same."""
    training = start_training(probed.optimizer, probed.dtype, as_leaves(start))
    for t, row in enumerate(history):
        if t == step:
            # What an optimizer keeps in an object of Python is now that of another training.
            start_training(probed.optimizer, probed.dtype, as_leaves(start)).step(as_leaves(-row))
            training = training.resume()
        training.step(as_leaves(row))
    whole = probed.run(start, history)[-1]
    probed.same(training.parameters(), whole, "after a restart, a parameter is off")


def bounded(probed: Optimizer, start: Any, history: History) -> None:
    """No step moves an entry by more than ``largest_step``, beyond the decay."""
    found = probed.run(start, history)
    for before, after in pairwise(found):
        for name in before:
            moved = np.abs(after[name] - (1 - probed.decay) * before[name]).max()
            slack = EPSILON[probed.dtype] ** 0.75 * (1 + np.abs(before[name]).max())
            require(
                moved <= probed.largest_step + slack,
                f"an entry of {name} moves by {moved:.4g} in one step",
            )


def _inputs() -> Mapping[str, Draws]:
    start, history = vs.vectors(ENTRIES), vs.histories(STEPS, ENTRIES)
    calm = vs.histories(STEPS, ENTRIES, kinds=("plain", "sign flips"))
    step = st.integers(0, STEPS - 1)
    return {
        "sign flip equivariance": {
            "start": start, "history": history, "signs": st.integers(0, 255)
        },
        "zero gradients": {"start": start},
        "NaN stays where it is": {"start": start, "history": calm, "step": step},
        "NaN is skipped": {"start": start, "history": calm, "step": step},
        "scale invariance": {
            "start": start, "seed": st.integers(0, 2**16),
            "factor": st.sampled_from([4.0, 0.5, 64.0]),
        },
        "decoupled weight decay": {"start": start, "other": start, "history": calm},
        "state survives serialisation": {
            "start": start, "history": history, "step": st.integers(1, STEPS - 1)
        },
        "bounded steps": {"start": start, "history": history},
    }  # fmt: skip


OPTIMIZER_LAWS: Mapping[str, Callable[..., None]] = dict(
    zip(
        _inputs(),
        (
            sign_flips, zero_gradients, nan_stays, nan_skipped, scale_invariance, decoupled,
            survives, bounded,
        ),
        strict=True,
    )
)  # fmt: skip


def probe_optimizer(
    optimizer: Any,
    *,
    laws: tuple,
    decay: Real = 0.0,
    largest_step: Real | None = None,
    dtype: str = "float32",
    examples: int = 50,
) -> Callable[[str], None]:
    """A pytest test with one item a law, for an optimizer of optax or PyTorch.

    ``optimizer``: an optax transformation, or a function that makes a PyTorch optimizer of
    parameters, ``lambda p: torch.optim.AdamW(p, lr=1e-3)``. It trains a 2 by 3 matrix and a vector
    of three, of that ``dtype``, for four steps. ``laws`` are those that it promises:

    - sign flip equivariance: flipping rows and columns of gradients and parameters flips updates;
    - zero gradients: they move nothing; with ``decay``, by which a step shrinks parameters
      (learning rate times weight decay), they shrink by it;
    - NaN stays where it is: in one parameter's gradient it changes no other parameter;
    - NaN is skipped: a step whose gradient has NaN is as if it had not been;
    - scale invariance: gradients times a number give the same steps (as Adam's, up to eps);
    - decoupled weight decay: the distance of two starts shrinks by 1 - ``decay`` a step;
    - state survives serialisation: saved and read, training goes on as if nothing had happened;
    - bounded steps: beyond the decay no entry moves by more than ``largest_step`` (for Adam
      lr max(1, (1 - b1)/sqrt(1 - b2)), which a burst reaches).

    Raises ValueError for unknown laws, or bounded steps without ``largest_step``.
    """
    unknown = [law for law in laws if law not in OPTIMIZER_LAWS]
    if unknown or not laws:
        raise ValueError(
            f"expected the laws that the optimizer promises, among {', '.join(OPTIMIZER_LAWS)}; "
            f"received {', '.join(unknown) or 'none'}"
        )
    if "bounded steps" in laws and largest_step is None:
        raise ValueError("bounded steps: expected largest_step, in units of the parameters")
    probed = Optimizer(optimizer, dtype, decay, largest_step or 0.0)
    inputs = _inputs()
    chosen = {law: (_bound(OPTIMIZER_LAWS[law], probed), inputs[law]) for law in laws}
    return law_tests("the optimizer", chosen, examples)


def _bound(law: Callable[..., None], probed: Optimizer) -> Callable[..., None]:
    def holds(**drawn: Any) -> None:
        with np.errstate(invalid="ignore", over="ignore"):  # what comes of NaN is judged
            law(probed, **drawn)

    return holds
