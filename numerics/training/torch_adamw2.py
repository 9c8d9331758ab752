"""AdamW^2 for PyTorch: the twin of `adamw2`, with which it agrees step by step (a test).

PyTorch is an extra, imported when an optimizer is made. The formulas are those of `spectral_cap`
and `spectral_norms`, in PyTorch's operations and with its conventions: options by group of
parameters, a gradient that is None leaves its parameter alone.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from math import prod
from typing import Any

import numpy as np

from numerics.spectral_concentration.spectral_norms import FRESH, STACK, letters_of, start_of

Tensor = Any  # torch.Tensor; PyTorch may be absent


def torch_adamw2(
    params: Any,
    lr: Any = 1e-3,
    tau: Any = 0.01,
    *,
    betas: Any = (0.9, 0.999),
    eps: Any = 1e-8,
    eps_root: Any = 0.0,
    weight_decay: Any = 0.0,
    axes: Any = STACK,
    power_iterations: Any = 3,
    exact: bool = False,
    exempt: bool = False,
) -> Any:
    """A ``torch.optim.Optimizer`` whose steps are those of `adamw2`.

    ``W <- W - a (D + weight_decay W)`` with Adam's direction D and ``a = min(lr, tau sigma_1(W) /
    sigma_1(D))``. ``lr``, ``betas``, ``eps`` and ``weight_decay`` are as in ``torch.optim.AdamW``,
    the others as in `spectral_cap`. Each of them may differ by group of parameters, which stands
    for the trees of `adamw2`: ``[{"params": kernels, "axes": "rrrc"}, {"params": gains, "exempt":
    True, "weight_decay": 0.0}]``; schedulers of PyTorch change ``lr``. A Linear's weight is one
    matrix, fused or not; so is ``in_proj_weight`` of attention.

    Moments and norms are of float32 at least, also after ``load_state_dict``. The state of a
    parameter has the capped rates of the last step in ``state[p]["rate"]``, one a matrix.
    Parameters are updated one after another, without ``foreach`` or fused kernels.

    Raises ImportError without PyTorch, ValueError for numbers out of range, for axes that do not
    fit a parameter, and for parameters that are no real floating-point numbers.
    """
    options = {
        "lr": lr, "tau": tau, "betas": betas, "eps": eps, "eps_root": eps_root,
        "weight_decay": weight_decay, "axes": axes, "power_iterations": power_iterations,
        "exact": exact, "exempt": exempt,
    }  # fmt: skip
    return _optimizer()(params, options)


def _torch() -> Any:
    try:
        return import_module("torch")
    except ImportError as error:
        raise ImportError(
            "torch_adamw2: expected PyTorch, received none; pip install 'verilimit[torch]', or "
            "take adamw2, which is optax's"
        ) from error


@cache
def _optimizer() -> Any:
    """The class, which has a base of PyTorch's and so cannot be made without it."""
    torch = _torch()

    class AdamW2(torch.optim.Optimizer):
        """See `torch_adamw2`."""

        def add_param_group(self, param_group: dict[str, Any]) -> None:
            super().add_param_group(param_group)  # the constructor adds its groups so, too
            _require_group(self.param_groups[-1])

        @torch.no_grad()
        def step(self, closure: Callable[[], Any] | None = None) -> Any:
            """One step; returns the loss where a closure computes it."""
            loss = None
            if closure is not None:
                with torch.enable_grad():
                    loss = closure()
            for group in self.param_groups:
                for weight in group["params"]:
                    if weight.grad is not None:
                        state = self.state[weight]
                        state.update(state or _start(weight, group))
                        _step(weight, state, group)
            return loss

        def load_state_dict(self, state_dict: Any) -> None:
            """PyTorch brings state to the type of its parameter; here it keeps its own."""
            super().load_state_dict(state_dict)
            for saved, group in zip(state_dict["param_groups"], self.param_groups, strict=True):
                for number, weight in zip(saved["params"], group["params"], strict=True):
                    for name, value in state_dict["state"].get(number, {}).items():
                        place = value.device if name == "step" else weight.device
                        self.state[weight][name] = value.to(place, copy=True)

    return AdamW2


def _require_group(group: Mapping[str, Any]) -> None:
    """ValueError for numbers out of range and parameters that they do not fit."""
    betas, rounds = group["betas"], group["power_iterations"]
    rules = {
        "lr of at least zero": group["lr"] >= 0,
        "a cap tau above zero": group["tau"] > 0,
        "betas, two numbers in [0, 1)": len(betas) == 2 and all(0 <= b < 1 for b in betas),
        "eps and eps_root of at least zero": group["eps"] >= 0 and group["eps_root"] >= 0,
        "a weight_decay of at least zero": group["weight_decay"] >= 0,
        "power_iterations, a whole number from 1 on": isinstance(rounds, int) and rounds >= 1,
        "axes, letters such as '*rc'": isinstance(group["axes"], str),
    }
    for expected, holds in rules.items():
        if not holds:
            given = {key: value for key, value in group.items() if key != "params"}
            raise ValueError(f"torch_adamw2: expected {expected}; received {given}")
    for weight in group["params"]:
        if not weight.is_floating_point():
            raise ValueError(
                f"torch_adamw2: expected parameters of real floating-point numbers, received "
                f"{weight.dtype} of shape {tuple(weight.shape)}; leave it to another optimizer"
            )
        letters_of(tuple(weight.shape), group["axes"])


def _start(weight: Tensor, group: Mapping[str, Any]) -> dict[str, Tensor]:
    """Moments of zero, warm starts, and which matrices have no cap: exempt or zero at the start."""
    torch = _torch()
    wide = torch.promote_types(weight.dtype, torch.float32)
    letters = letters_of(tuple(weight.shape), group["axes"])
    vector = torch.tensor(start_of(tuple(weight.shape), letters)).to(weight.device, wide)
    zeros, whole = torch.zeros_like(weight, dtype=wide), _places(letters, "rc")
    free = (weight == 0).all(dim=whole) if whole else weight == 0
    return {
        "step": torch.zeros((), dtype=torch.int64),
        "mean": zeros,
        "square": zeros.clone(),
        "of_weights": vector,
        "of_updates": vector.clone(),
        "free": torch.full_like(free, True) if group["exempt"] else free,
        "rate": torch.zeros(free.shape, dtype=wide, device=weight.device),
    }


def _step(weight: Tensor, state: dict[str, Tensor], group: Mapping[str, Any]) -> None:
    """Adam's direction, its cap, and the move with the decay at the capped rate."""
    torch = _torch()
    mean, square = state["mean"], state["square"]
    if weight.grad.layout != torch.strided:
        raise ValueError("torch_adamw2: expected dense gradients; received sparse ones")
    slope, (b1, b2) = weight.grad.to(mean.dtype), group["betas"]
    state["step"] += 1
    count = int(state["step"])
    mean.mul_(b1).add_(slope, alpha=1 - b1)
    square.mul_(b2).addcmul_(slope, slope, value=1 - b2)
    spread = (square / (1 - b2**count) + group["eps_root"]).sqrt_().add_(group["eps"])
    direction = (mean / (1 - b1**count)).div_(spread)
    letters, wide = letters_of(tuple(weight.shape), group["axes"]), weight.to(mean.dtype)
    norms = _exact if group["exact"] else _estimated
    size, state["of_weights"] = norms(wide, state["of_weights"], letters, group)
    reach, state["of_updates"] = norms(direction, state["of_updates"], letters, group)
    uncapped = state["free"] | (size == 0) | (reach == 0)
    limit = group["tau"] * size / torch.where(uncapped, 1.0, reach)
    wanted = torch.full_like(limit, float(group["lr"]))
    capped = torch.maximum(torch.minimum(wanted, limit), -limit)
    state["rate"] = torch.where(uncapped, wanted, capped)
    rate = _kept(state["rate"], _places(letters, "rc"))
    move = rate * direction.add_(wide, alpha=float(group["weight_decay"]))
    weight.sub_(move.to(weight.dtype))


def _estimated(
    matrix: Tensor, start: Tensor, letters: str, group: Mapping[str, Any]
) -> tuple[Tensor, Tensor]:
    """sigma_1 by power iteration from the vector of the step before and a part of a generic one."""
    if "r" not in letters:
        return _length(matrix, _places(letters, "c")), start
    torch, names = _torch(), "abcdefghijklmnopqrstuvwxyz"[: matrix.ndim]
    kept = {
        gone: "".join(n for n, letter in zip(names, letters, strict=True) if letter != gone)
        for gone in "rc"
    }
    rows, columns = _places(letters.replace("c", ""), "r"), _places(letters.replace("r", ""), "c")

    def image(vector: Tensor) -> Tensor:
        return torch.einsum(f"{names},{kept['r']}->{kept['c']}", matrix, vector)

    generic = torch.tensor(start_of(tuple(matrix.shape), letters)).to(start)
    vector = _unit(start + FRESH * generic, columns, start)
    for _ in range(group["power_iterations"]):
        reached = _unit(image(vector), rows, torch.zeros_like(image(vector)))
        pulled = torch.einsum(f"{names},{kept['c']}->{kept['r']}", matrix, reached)
        vector = _unit(pulled, columns, vector)
    return _length(image(vector), rows), vector


def _exact(
    matrix: Tensor, start: Tensor, letters: str, group: Mapping[str, Any]
) -> tuple[Tensor, Tensor]:
    """Largest singular values; the vectors stay as they were."""
    del group
    if "r" not in letters:
        return _length(matrix, _places(letters, "c")), start
    torch, stack = _torch(), [matrix.shape[k] for k in _places(letters, "s")]
    if matrix.numel() == 0:
        return matrix.new_zeros(stack), start
    order = [k for letter in "src" for k in _places(letters, letter)]
    rows = prod(matrix.shape[k] for k in _places(letters, "r"))
    stacked = matrix.permute(order).reshape(*stack, rows, -1)
    if not torch.isfinite(stacked).all():  # LAPACK would raise; a cap of NaN shows in the update
        return matrix.new_full(stack, np.nan), start
    return torch.linalg.matrix_norm(stacked, ord=2), start


def _length(vectors: Tensor, places: tuple[int, ...]) -> Tensor:
    """Norms along axes, whose squares do not overflow or vanish."""
    if not places:
        return vectors.abs()
    if vectors.numel() == 0:
        return vectors.sum(places)
    largest = vectors.abs().amax(places, keepdim=True)
    scale = _torch().where(largest > 0, largest, 1.0)
    return ((vectors / scale).square().sum(places, keepdim=True).sqrt() * scale).squeeze(places)


def _unit(vectors: Tensor, places: tuple[int, ...], otherwise: Tensor) -> Tensor:
    """Of norm one; ``otherwise`` where that is impossible."""
    torch = _torch()
    size = _kept(_length(vectors, places), places)
    good = (size > 0) & torch.isfinite(size)
    return torch.where(good, vectors / torch.where(good, size, 1.0), otherwise)


def _kept(norms: Tensor, places: tuple[int, ...]) -> Tensor:
    """With an axis of length one wherever one was summed over."""
    for place in sorted(places):
        norms = norms.unsqueeze(place)
    return norms


def _places(letters: str, wanted: str) -> tuple[int, ...]:
    return tuple(k for k, letter in enumerate(letters) if letter in wanted)
