"""Trainings by a user's optimizer, of optax or PyTorch, as the laws run them."""

import io
import pickle
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from checks.properties.frameworks import as_numpy, maker, precision, torch
from checks.properties.probe import require
from checks.suite.problem import InputProblem

Leaves = Mapping[str, np.ndarray]  # parameters or gradients by name


@runtime_checkable
class Training(Protocol):
    """A training in progress."""

    def step(self, gradients: Leaves) -> None:
        """One step with these gradients."""
        ...

    def parameters(self) -> dict[str, np.ndarray]:
        """The parameters as they are now, as doubles."""
        ...

    def resume(self) -> "Training":
        """The training continued from bytes: parameters and state are written and read again."""
        ...


class OptaxTraining:
    """``optimizer`` is an optax transformation."""

    def __init__(self, optimizer: Any, dtype: str, start: Leaves) -> None:
        """Start at these parameters."""
        self._optimizer, self._dtype = optimizer, dtype
        self._make = maker("jax", dtype)
        with precision("jax", dtype):
            self._params = {name: self._make(leaf) for name, leaf in start.items()}
            self._state = optimizer.init(self._params)

    def step(self, gradients: Leaves) -> None:
        """Update and apply."""
        import optax

        with precision("jax", self._dtype):
            leaves = {name: self._make(leaf) for name, leaf in gradients.items()}
            changes, self._state = self._optimizer.update(leaves, self._state, self._params)
            self._params = optax.apply_updates(self._params, changes)

    def parameters(self) -> dict[str, np.ndarray]:
        """As doubles."""
        return {name: as_numpy(leaf) for name, leaf in self._params.items()}

    def resume(self) -> "OptaxTraining":
        """Arrays of the state are pickled, and come back in the structure of a fresh state."""
        import jax

        with precision("jax", self._dtype):
            found = OptaxTraining(self._optimizer, self._dtype, self.parameters())
            leaves, (fresh, tree) = jax.tree.leaves(self._state), jax.tree.flatten(found._state)
            require(
                len(leaves) == len(fresh),
                f"the state has {len(leaves)} arrays, and a fresh one, to read into, {len(fresh)}",
            )
            read = pickle.loads(pickle.dumps([_data(leaf) for leaf in leaves]))
            state = [_restored(data, leaf) for data, leaf in zip(read, leaves, strict=True)]
            found._state = jax.tree.unflatten(tree, state)
            return found


def _is_key(leaf: Any) -> bool:
    import jax

    dtype: Any = getattr(leaf, "dtype", float)
    return jax.numpy.issubdtype(dtype, jax.dtypes.prng_key)


def _data(leaf: Any) -> np.ndarray:
    """What is written of an array, of a random key its data."""
    import jax

    return np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)


def _restored(data: np.ndarray, leaf: Any) -> Any:
    """What was read, of the kind of that leaf."""
    import jax

    found = jax.numpy.asarray(data)
    if _is_key(leaf):
        return jax.random.wrap_key_data(found, impl=jax.random.key_impl(leaf))
    return found


class TorchTraining:
    """``optimizer`` makes one of parameters, as ``lambda p: torch.optim.AdamW(p, 1e-3)``."""

    def __init__(self, optimizer: Any, dtype: str, start: Leaves) -> None:
        """Start at these parameters."""
        self._new, self._dtype, self._make = optimizer, dtype, maker("torch", dtype)
        self._params = {
            name: torch().nn.Parameter(self._make(leaf).clone()) for name, leaf in start.items()
        }
        self._optimizer = optimizer(list(self._params.values()))

    def step(self, gradients: Leaves) -> None:
        """Set the gradients and step."""
        for name, parameter in self._params.items():
            parameter.grad = self._make(gradients[name]).clone()
        self._optimizer.step()

    def parameters(self) -> dict[str, np.ndarray]:
        """As doubles."""
        return {name: np.array(as_numpy(leaf)) for name, leaf in self._params.items()}

    def resume(self) -> "TorchTraining":
        """A new optimizer with the state dict that was saved and loaded."""
        stream = io.BytesIO()
        torch().save(self._optimizer.state_dict(), stream)
        stream.seek(0)
        found = TorchTraining(self._new, self._dtype, self.parameters())
        found._optimizer.load_state_dict(torch().load(stream))
        return found


def start_training(optimizer: Any, dtype: str, start: Leaves) -> Training:
    """A training by an optax transformation or by a function that makes a PyTorch optimizer.

    Raises InputProblem for what is neither.
    """
    if hasattr(optimizer, "init") and hasattr(optimizer, "update"):
        return OptaxTraining(optimizer, dtype, start)
    if callable(optimizer):
        return TorchTraining(optimizer, dtype, start)
    raise InputProblem(
        expected="an optax transformation, or a function that makes a PyTorch optimizer",
        received=f"a {type(optimizer).__name__}",
        remedy="Write, e.g., optax.adamw(1e-3) or lambda p: torch.optim.AdamW(p, lr=1e-3).",
    )


def trained(
    optimizer: Any, dtype: str, start: Leaves, gradients: Sequence[Leaves]
) -> list[dict[str, np.ndarray]]:
    """The parameters before and after each step."""
    training = start_training(optimizer, dtype, start)
    found = [training.parameters()]
    for leaves in gradients:
        training.step(leaves)
        found.append(training.parameters())
    return found


def as_leaves(row: Float[np.ndarray, " 9"]) -> dict[str, np.ndarray]:
    """Nine numbers as a 2 by 3 matrix and a vector."""
    return {"matrix": row[:6].reshape(2, 3), "vector": row[6:]}
