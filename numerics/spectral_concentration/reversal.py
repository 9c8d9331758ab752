"""Training small attention-only networks to reverse a sequence: many arms and seeds in one program.

The solution is a permutation, so attention must become sparse: benign and malignant collapse can
be told apart. An arm is data (rate, cap, warm-up, which matrices are capped), so that one compiled
program trains every arm and seed at once.
"""

from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int, PyTree, UInt32

from numerics.engine.quick import quick_jit
from numerics.spectral_concentration import attention_entropy, collapse_indicators, product_spectrum
from numerics.spectral_concentration.other_caps import any_cap
from numerics.spectral_concentration.spectral_cap import adam_with

KEPT = 4  # s of the concentration that is recorded


class Task(NamedTuple):
    """Sizes of the network and of its training."""

    tokens: int = 16  # length of a sequence, and number of symbols
    width: int = 32
    layers: int = 1
    batch: int = 16
    steps: int = 300
    record: int = 25  # steps between records


def products(
    x: Float[Array, "... tokens d"], Wq: Float[Array, "d dq"], Wk: Float[Array, "d dq"]
) -> Float[Array, "... tokens tokens"]:
    """Logits of attention: products of queries and keys over sqrt(dq)."""
    return (x @ Wq) @ (x @ Wk).swapaxes(-1, -2) / Wq.shape[-1] ** 0.5


class Arm(NamedTuple):
    """How one network is trained; numbers, so that arms are stacked."""

    rate: Any = 0.1
    tau: Any = np.inf
    warmup: Any = 0.0  # steps of linear warm-up
    cap_query_key: Any = True
    cap_others: Any = True
    scale: Any = 1.0  # standard deviation of the initial weights, in units of width**-1/2
    frobenius: Any = False  # the cap measures Frobenius norms, as LARS does
    # No numbers, so that each makes a program of its own.
    under: Any = adam_with  # makes an optimiser of a cap
    logits: Any = products  # of tokens, query and key matrix


class Record(NamedTuple):
    """What is recorded at one time: loss and accuracy, the rest one number a layer."""

    loss: Any  # mean over the steps since the last record
    accuracy: Any
    entropy: Any  # of layer's attention, in nats
    rank: Any  # effective rank
    concentration: Any  # SEC(4) of Wq^T Wk
    of_values: Any  # SEC(4) of values with outputs, what a layer adds
    of_strangers: Any  # SEC(4) of queries with values, which the network never multiplies
    spectrum: Any  # singular values of Wq^T Wk, largest first, along one more axis
    rate: Any  # mean capped rate of the query matrix over the learning rate asked for


class Start(NamedTuple):
    """Initial weights, training batches and the batch that is kept for observing."""

    params: PyTree
    batches: Any  # int32 (steps, batch, tokens)
    held: Any  # int32 (batch, tokens)


def start(key: UInt32[np.ndarray, "2"], task: Task) -> Start:
    """Weights N(0, 1 / width), gains one, single precision; sequences of uniform symbols.

    Matrices are stacked: ``square`` holds query, key, value and output of each layer, ``thin`` the
    embeddings of symbols and of positions and the transposed unembedding. Drawn on the host: in
    the compiled program random numbers cost more compilation than all the rest.
    """
    random = np.random.default_rng(key)
    d, n, deep = task.width, task.tokens, task.layers
    std = np.float32(d**-0.5)
    params = {
        "square": std * random.standard_normal((deep, 4, d, d), np.float32),
        "thin": std * random.standard_normal((3, n, d), np.float32),
        "gains": tuple(np.ones(d, np.float32) for _ in range(deep + 1)),
    }
    sequences = random.integers(0, n, (task.steps + 1, task.batch, n), np.int32)
    return Start(params, sequences[1:], sequences[0])


def normalised(h: Float[Array, "... d"], gain: Float[Array, " d"]) -> Float[Array, "... d"]:
    """LayerNorm without bias."""
    centred = h - h.mean(-1, keepdims=True)
    return gain * centred * jax.lax.rsqrt((centred**2).mean(-1, keepdims=True) + 1e-5)


def network(
    params: PyTree, symbols: Int[Array, "batch tokens"], logits_of: Any = products
) -> tuple[Float[Array, "batch tokens symbols"], Float[Array, "layers batch tokens tokens"]]:
    """Predictions, and the logits of attention; tokens in rows, attention normalises rows."""
    embed, position, unembed = params["thin"]
    *gains, last_gain = params["gains"]
    # A product with indicators: a gather and its gradient take far longer to compile.
    h, recorded = jax.nn.one_hot(symbols, len(embed), dtype=embed.dtype) @ embed + position, []
    for layer, gain in enumerate(gains):
        Wq, Wk, Wv, Wo = params["square"][layer]
        x = normalised(h, gain)
        logits = logits_of(x, Wq, Wk)
        h = h + jax.nn.softmax(logits, axis=-1) @ (x @ Wv) @ Wo
        recorded.append(logits)
    return normalised(h, last_gain) @ unembed.T, jnp.stack(recorded)


def objective(
    params: PyTree, symbols: Int[Array, "batch tokens"], logits_of: Any = products
) -> Float[Array, ""]:
    """Mean cross-entropy of the reversed sequence."""
    predicted, _ = network(params, symbols, logits_of)
    wanted = jax.nn.one_hot(symbols[:, ::-1], predicted.shape[-1], dtype=predicted.dtype)
    return optax.softmax_cross_entropy(predicted, wanted).mean()


def optimizer(arm: Arm, under: Any) -> optax.GradientTransformation:
    """Adam, or what else is ``under`` the cap, with the arm's cap and schedule."""

    def exempt(params: PyTree) -> PyTree:
        others = ~jnp.asarray(arm.cap_others)
        query_key = ~jnp.asarray(arm.cap_query_key)
        return {
            "square": jnp.stack([query_key, query_key, others, others]),
            "thin": others,
            "gains": tuple(others for _ in params["gains"]),
        }

    cap = any_cap(
        arm.tau,
        rate=lambda count: arm.rate * jnp.minimum(1.0, (count + 1) / jnp.maximum(arm.warmup, 1.0)),
        exempt=exempt,
        frobenius=arm.frobenius,
    )
    return under(cap)


def observe(
    params: PyTree, symbols: Array, loss: Array, rate: Array, logits_of: Any = products
) -> Record:
    """The record at one time, on a batch that is not trained on."""
    predicted, logits = network(params, symbols, logits_of)
    _, rank = collapse_indicators(jax.nn.softmax(logits, axis=-1))
    products = jax.vmap(lambda w: jnp.stack([w[0].T, w[2].T, w[0].T]))(params["square"])
    partners = jax.vmap(lambda w: jnp.stack([w[1].T, w[3], w[2].T]))(params["square"])
    spectra = jax.vmap(jax.vmap(product_spectrum))(products, partners)
    share = (spectra[..., :KEPT] ** 2).sum(-1) / (spectra**2).sum(-1)
    return Record(
        loss=loss,
        accuracy=(predicted.argmax(-1) == symbols[:, ::-1]).mean(dtype=jnp.float32),
        entropy=attention_entropy(logits).mean((-1, -2)),
        rank=rank.mean(-1) * symbols.shape[-1],
        concentration=share[:, 0],
        of_values=share[:, 1],
        of_strangers=share[:, 2],
        spectrum=spectra[:, 0],
        rate=rate,
    )


def train_one(begin: Start, arm: Arm, task: Task, under: Any, logits_of: Any) -> Record:
    """Train one network; records are stacked along the first axis, the start excluded."""
    method = optimizer(arm, under)
    # A scale in double leaves weights in single.
    scaled = {k: (arm.scale * (w := begin.params[k])).astype(w.dtype) for k in ("square", "thin")}
    params = begin.params | scaled

    def step(carry: Any, batch: Array) -> tuple[Any, tuple[Array, Array]]:
        params, state = carry
        loss, slope = jax.value_and_grad(objective)(params, batch, logits_of)
        moves, state = method.update(slope, state, params)
        return (optax.apply_updates(params, moves), state), (
            loss,
            state.rate["square"][:, 0].mean(),
        )

    def stretch(carry: Any, batches: Array) -> tuple[Any, Record]:
        carry, (losses, rates) = jax.lax.scan(step, carry, batches)
        rate = (rates / arm.rate).mean()
        return carry, observe(carry[0], begin.held, losses.mean(), rate, logits_of)

    batches = begin.batches.reshape(-1, task.record, task.batch, task.tokens)
    return jax.lax.scan(stretch, (params, method.init(params)), batches)[1]


@cache
def _compiled(task: Task, *how: Any) -> Any:
    """One program for all arms with one optimiser and one form of the logits."""
    return quick_jit(jax.vmap(lambda begin, arm: train_one(begin, arm, task, *how), (0, None)))


def train(keys: UInt32[np.ndarray, "seeds 2"], arm: Arm, task: Task) -> Record:
    """Train with every seed; axes: seed, record, and layer where there is one.

    Initial weights and data depend on the seed alone, so arms can be compared. Raises ValueError
    when the steps are no multiple of the record interval.
    """
    if task.steps % task.record:
        raise ValueError(
            f"expected steps to be a multiple of the record interval {task.record}, received "
            f"{task.steps}; change one of them"
        )
    starts = jax.tree.map(lambda *values: np.stack(values), *(start(key, task) for key in keys))
    numbers = arm._replace(under=None, logits=None)
    trained = _compiled(task, arm.under, arm.logits)(starts, jax.tree.map(np.asarray, numbers))
    return jax.tree.map(np.asarray, trained)


def crashed(record: Record, task: Task) -> Bool[np.ndarray, " seeds"]:
    """Whether the mean loss of the last stretch is above 0.9 ln(symbols), or no number."""
    last = record.loss[..., -1]
    return ~(last <= 0.9 * np.log(task.tokens))
