"""A GPT-style and a ViT-style transformer on real data that come with Python packages.

Attention, MLP and LayerNorm, trained with the capped optimizer or without its cap. Characters are
those of documentation strings of Python's standard library (they depend a little on the version of
Python); digits are scikit-learn's 8 by 8 images, an optional dependency (extra ``data``).
"""

import importlib
import inspect
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, PyTree, UInt32

from numerics import in_double
from numerics.engine.quick import quick_jit
from numerics.spectral_concentration import attention_entropy, collapse_indicators, product_spectrum
from numerics.spectral_concentration.reversal import KEPT, normalised
from numerics.spectral_concentration.spectral_cap import adamw2

UNSEEN = -1e9  # a logit whose weight is zero, and so is its product with the weight
HELD_DIGITS = 360  # images that are not trained on
HELD, OBSERVED = 256, 32  # held-out data for the loss, and for spectra of attention
SYMBOLS = 96  # printable ASCII, and one for all else
MODULES = (
    "argparse", "collections", "configparser", "csv", "datetime", "decimal", "difflib",
    "email.message", "fractions", "functools", "heapq", "inspect", "itertools", "json", "logging",
    "math", "os", "pathlib", "random", "re", "shutil", "socket", "statistics", "string",
    "subprocess", "tarfile", "tempfile", "textwrap", "threading", "unittest", "urllib.parse",
    "zipfile",
)  # fmt: skip


class Data(NamedTuple):
    """Inputs and targets; classes is the number of symbols or digits."""

    inputs: np.ndarray
    targets: np.ndarray
    held_inputs: np.ndarray
    held_targets: np.ndarray
    classes: int


@cache
@in_double
def characters(tokens: int = 32) -> Data:
    """Pieces of documentation strings, each character to be predicted from those before it."""
    texts = []
    for name in MODULES:
        module = importlib.import_module(name)
        members = [module, *(m for _, m in sorted(vars(module).items(), key=lambda kv: kv[0]))]
        texts += [inspect.getdoc(m) or "" for m in members if callable(m) or m is module]
    text = "\n".join(dict.fromkeys(texts))
    codes = np.clip(
        np.frombuffer(text.encode("ascii", "replace"), np.uint8).astype(np.int32) - 31, 0, 95
    )
    pieces = codes[: len(codes) // (tokens + 1) * (tokens + 1)].reshape(-1, tokens + 1)
    cut = len(pieces) * 9 // 10
    train, held = pieces[:cut], pieces[cut:]
    return Data(train[:, :-1], train[:, 1:], held[:, :-1], held[:, 1:], SYMBOLS)


@cache
@in_double
def digits() -> Data:
    """Images of digits in 16 patches of 2 by 2; the last 360 are held out.

    Raises ModuleNotFoundError without scikit-learn, saying how to install it.
    """
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the digits come with scikit-learn: expected it to be installed, received "
            f"“{error}”; install it with: pip install 'verilimit[data]'"
        ) from error
    found = load_digits()
    patches = (found.images / 16).reshape(-1, 4, 2, 4, 2).swapaxes(2, 3).reshape(-1, 16, 4)
    images, labels = patches.astype(np.float32), found.target.astype(np.int32)
    trained, held = slice(-HELD_DIGITS), slice(-HELD_DIGITS, None)
    return Data(images[trained], labels[trained], images[held], labels[held], 10)


class Trained(NamedTuple):
    """What became of the models: one row a seed, the last three with one column a layer."""

    losses: Any  # of each training step
    held: Any  # loss on data that are not trained on
    accuracy: Any
    entropy: Any  # mean of attention as a share of log n; causal rows have at most n tokens
    rank: Any  # effective rank of attention as a share of the tokens
    concentration: Any  # SEC(4) of Wq^T Wk


class Size(NamedTuple):
    """Of the transformer and its training."""

    width: int = 32
    layers: int = 2
    batch: int = 16
    steps: int = 300


def initial(
    random: np.random.Generator, size: Size, tokens: int, inputs: int, classes: int
) -> PyTree:
    """Weights N(0, 1 / inputs of the matrix), gains one; single precision."""
    d, deep = size.width, size.layers

    def normal(*shape: int) -> np.ndarray:
        return random.standard_normal(shape, np.float32) / np.float32(shape[-2] ** 0.5)

    return {
        "embed": normal(inputs, d) * np.float32(inputs**0.5), "position": normal(tokens, d),
        "square": normal(deep, 4, d, d), "up": normal(deep, d, 4 * d),
        "down": normal(deep, 4 * d, d), "read": normal(d, classes),
        "gains": tuple(np.ones(d, np.float32) for _ in range(2 * deep + 1)),
    }  # fmt: skip


def predictions(
    params: PyTree, inputs: Array, causal: bool
) -> tuple[Float[Array, "..."], Float[Array, "layers batch tokens tokens"]]:
    """Logits of symbols at each place (causal) or of an image's class; attention logits."""
    # A product with indicators: a gather and its gradient take far longer to compile.
    seen = jax.nn.one_hot(inputs, len(params["embed"])) if causal else inputs
    h = seen.astype(params["embed"].dtype) @ params["embed"]
    h, recorded, gains = h + params["position"], [], params["gains"]
    future = jnp.triu(jnp.ones((h.shape[1], h.shape[1]), bool), 1) & causal
    for k, (Wq, Wk, Wv, Wo) in enumerate(params["square"]):
        x = normalised(h, gains[2 * k])
        logits = (x @ Wq) @ (x @ Wk).swapaxes(-1, -2) / Wq.shape[-1] ** 0.5
        recorded.append(jnp.where(future, UNSEEN, logits))
        h = h + jax.nn.softmax(recorded[-1], axis=-1) @ (x @ Wv) @ Wo
        h = h + jax.nn.relu(normalised(h, gains[2 * k + 1]) @ params["up"][k]) @ params["down"][k]
    h = normalised(h, gains[-1])
    return (h if causal else h.mean(1)) @ params["read"], jnp.stack(recorded)


@cache
def program(causal: bool) -> Any:
    """Training of models, one a row of parameters and batches, and what is then recorded."""

    def loss(params: PyTree, inputs: Array, targets: Array) -> Array:
        predicted, _ = predictions(params, inputs, causal)
        wanted = jax.nn.one_hot(targets, predicted.shape[-1], dtype=predicted.dtype)
        return optax.softmax_cross_entropy(predicted, wanted).mean()

    def run(
        params: PyTree, batches: Int[Array, "steps batch"], rate: Array, tau: Array, data: Any
    ) -> Any:
        method = adamw2(rate, tau)

        def step(carry: Any, batch: Array) -> Any:
            params, state = carry
            value, slope = jax.value_and_grad(loss)(params, data[0][batch], data[1][batch])
            moves, state = method.update(slope, state, params)
            return (optax.apply_updates(params, moves), state), value

        (params, _), losses = jax.lax.scan(step, (params, method.init(params)), batches)
        predicted, logits = predictions(params, data[2], causal)
        right = (predicted.argmax(-1) == data[3]).mean(dtype=jnp.float32)
        _, rank = collapse_indicators(jax.nn.softmax(logits[:, :OBSERVED], axis=-1))
        energy = jax.vmap(lambda w: product_spectrum(w[0].T, w[1].T))(params["square"]) ** 2
        return Trained(
            losses, loss(params, data[2], data[3]), right,
            attention_entropy(logits).mean((-1, -2)) / np.log(logits.shape[-1]), rank.mean(-1),
            energy[:, :KEPT].sum(-1) / energy.sum(-1),
        )  # fmt: skip

    return quick_jit(jax.vmap(run, (0, 0, None, None, None)))


def start(
    key: UInt32[np.ndarray, "2"], data: Data, size: Size
) -> tuple[PyTree, Int[np.ndarray, "steps batch"]]:
    """Initial weights, and which data are trained on in each step."""
    random = np.random.default_rng(key)
    inputs = data.classes if data.inputs.ndim == 2 else data.inputs.shape[2]
    params = initial(random, size, data.inputs.shape[1], inputs, data.classes)
    return params, random.integers(0, len(data.inputs), (size.steps, size.batch), np.int32)


def train(
    keys: UInt32[np.ndarray, "k 2"], data: Data, rate: float, tau: float, size: Size
) -> Trained:
    """Train one model a seed, without warm-up, and look at it on held-out data."""
    starts = jax.tree.map(
        lambda *leaves: np.stack(leaves), *(start(key, data, size) for key in keys)
    )
    arrays = (data.inputs, data.targets, data.held_inputs[:HELD], data.held_targets[:HELD])
    found = program(data.inputs.ndim == 2)(*starts, rate, tau, arrays)
    return jax.tree.map(np.asarray, found)
