"""AdamW^2 for PyTorch makes the steps of the optax one; runs where PyTorch is installed."""

import io
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import verilimit as vl
from numerics import double

torch = pytest.importorskip("torch", reason="PyTorch is an extra")
SHAPES = {"scalar": (), "vector": (3,), "matrix": (5, 4), "kernel": (6, 2, 3), "empty": (0, 3)}
AXES = {"scalar": "", "vector": "c", "matrix": "*rc", "kernel": "rsc", "empty": "*rc"}
WHOLE = {**AXES, "vector": "s", "kernel": "rcc"}
Arrays = dict[str, np.ndarray]


def arrays(seed: int, scale: float = 1.0) -> Arrays:
    random = np.random.default_rng(seed)
    return {name: scale * random.standard_normal(shape) for name, shape in SHAPES.items()}


def gradients(kind: str) -> list[Arrays]:
    """Ten gradients: generic ones, bursts, or of one column a step, which moves elsewhere."""
    drawn = [arrays(seed) for seed in range(1, 11)]
    if kind == "bursts":
        return [{k: 10.0 ** (t % 4 - 2) * g for k, g in row.items()} for t, row in enumerate(drawn)]
    if kind == "columns":
        for t, row in enumerate(drawn):
            row["matrix"] = row["matrix"] * (np.arange(4) == t % 4)
            row["vector"] = 0 * row["vector"]
    return drawn


def by_optax(start: Arrays, slopes: Sequence[Arrays], dtype: str, **options: Any) -> list[Arrays]:
    method = vl.adamw2(**options)
    with double(dtype == "float64"):
        update = jax.jit(method.update)
        params = {name: jnp.asarray(w, dtype) for name, w in start.items()}
        state, found = method.init(params), []
        for row in slopes:
            given = {name: jnp.asarray(g, dtype) for name, g in row.items()}
            moves, state = update(given, state, params)
            params = optax.apply_updates(params, moves)
            found.append({name: np.asarray(w, float) for name, w in params.items()})
        return found


def parameters(start: Arrays, dtype: str) -> dict[str, Any]:
    return {name: torch.nn.Parameter(torch.tensor(w, dtype=getattr(torch, dtype)))
            for name, w in start.items()}  # fmt: skip


def move(method: Any, params: dict[str, Any], row: Arrays) -> Arrays:
    for name, weight in params.items():
        weight.grad = torch.tensor(row[name], dtype=weight.dtype)
    method.step()
    return {name: weight.detach().double().numpy().copy() for name, weight in params.items()}


def by_torch(
    start: Arrays, slopes: Sequence[Arrays], dtype: str, axes: dict[str, str], **options: Any
) -> list[Arrays]:
    params = parameters(start, dtype)
    groups = [{"params": [params[name]], "axes": axes[name]} for name in params]
    method = vl.torch_adamw2(groups, **options)
    return [move(method, params, row) for row in slopes]


def assert_agree(mine: Sequence[Arrays], theirs: Sequence[Arrays], allowed: float) -> None:
    for one, other in zip(mine, theirs, strict=True):
        for name in SHAPES:
            assert np.allclose(one[name], other[name], rtol=allowed, atol=allowed), name


@pytest.mark.parametrize(
    ("kind", "exact", "axes"),
    [("generic", False, AXES), ("bursts", True, WHOLE), ("columns", False, WHOLE)],
)
def test_every_step_is_that_of_optax(kind: str, exact: bool, axes: dict[str, str]) -> None:
    start, slopes = arrays(0), gradients(kind)
    options: dict[str, Any] = {"tau": 0.01, "weight_decay": 0.1, "eps_root": 1e-12, "exact": exact}
    theirs = by_optax(start, slopes, "float64", learning_rate=0.1, axes=axes, **options)
    assert_agree(by_torch(start, slopes, "float64", axes, lr=0.1, **options), theirs, 1e-11)
    loose = by_torch(start, slopes, "float64", axes, lr=0.1, **{**options, "tau": 0.012})
    with pytest.raises(AssertionError):
        assert_agree(loose, theirs, 1e-4)


@pytest.mark.parametrize(("dtype", "allowed"), [("float32", 2e-5), ("bfloat16", 0.02)])
def test_steps_agree_up_to_the_rounding_of_the_parameters(dtype: str, allowed: float) -> None:
    start, slopes = arrays(0), gradients("generic")
    theirs = by_optax(start, slopes, dtype, learning_rate=0.1, tau=0.01, axes=AXES)
    assert_agree(by_torch(start, slopes, dtype, AXES, lr=0.1, tau=0.01), theirs, allowed)


def test_what_is_zero_at_the_start_or_exempt_has_no_cap() -> None:
    start, slopes = arrays(0), gradients("generic")
    start["matrix"] = 0 * start["matrix"]
    options: dict[str, Any] = {"tau": 0.01, "exempt": {n: n == "kernel" for n in SHAPES}}
    theirs = by_optax(start, slopes, "float64", learning_rate=0.1, axes=AXES, **options)
    params = parameters(start, "float64")
    groups = [{"params": [w], "axes": AXES[n], "exempt": n == "kernel"} for n, w in params.items()]
    method = vl.torch_adamw2(groups, lr=0.1, tau=0.01)
    assert_agree([move(method, params, row) for row in slopes], theirs, 1e-11)
    assert float(method.state[params["matrix"]]["rate"]) == 0.1
    assert float(method.state[params["vector"]]["rate"]) < 0.1


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_training_goes_on_from_a_saved_state_as_if_nothing_had_happened(dtype: str) -> None:
    def made(start: Arrays) -> tuple[Any, dict[str, Any]]:
        params = parameters(start, dtype)
        return vl.torch_adamw2(params.values(), lr=0.1, tau=0.01), params

    slopes = gradients("generic")
    method, params = made(arrays(0))
    reached: Arrays = {}
    for row in slopes[:5]:
        reached = move(method, params, row)
    stream = io.BytesIO()
    torch.save(method.state_dict(), stream)
    stream.seek(0)
    fresh, again = made(reached)
    fresh.load_state_dict(torch.load(stream))
    for row in slopes[5:]:
        assert_agree([move(fresh, again, row)], [move(method, params, row)], 0.0)


test_the_laws_of_optimizers = vl.probe_optimizer(
    lambda p: vl.torch_adamw2(p, lr=1e-2, tau=0.01, weight_decay=0.1),
    laws=("NaN stays where it is", "scale invariance", "state survives serialisation"),
    dtype="float64", examples=5,
)  # fmt: skip


def test_a_module_is_trained_under_a_scheduler_with_frozen_parts() -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
    frozen = network[0].bias.requires_grad_(False).clone()
    x = torch.randn(64, 8)
    method = vl.torch_adamw2(network.parameters(), lr=0.1, tau=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(method, 50)
    losses = []
    for _ in range(50):

        def closure() -> Any:
            method.zero_grad()
            loss = (network(x) - x.sum(1, keepdim=True)).square().mean()
            loss.backward()
            return loss

        losses.append(method.step(closure).item())
        schedule.step()
    assert losses[-1] < 0.1 * losses[0]
    assert torch.equal(network[0].bias, frozen)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tau": 0.0}, "a cap tau above zero"), ({"betas": (0.9, 1.0)}, "betas"),
        ({"lr": -1.0}, "lr of at least zero"), ({"axes": "rc"}, "a letter for each axis"),
        ({"power_iterations": 0}, "power_iterations"),
    ],
)  # fmt: skip
def test_numbers_and_axes_out_of_range_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        vl.torch_adamw2([torch.nn.Parameter(torch.ones(2, 3, 4))], **options)


def test_parameters_that_are_no_real_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="real floating-point numbers"):
        vl.torch_adamw2([torch.nn.Parameter(torch.ones(3, dtype=torch.complex64))])
