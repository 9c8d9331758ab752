"""Identities of finite networks."""

from collections.abc import Callable, Mapping
from typing import Any

import jax

from checks.mean_field_flow import identities, wrong
from checks.mean_field_flow.statements import SEEDS, state
from checks.verdicts import Experiment, IdentityClaim, dtype_tolerance
from numerics.engine.quick import quick_jit
from numerics.mean_field_flow.scalar_tokens import drift


def identity(
    name: str, statement: str, residuals: Callable[..., Any], slips: Mapping[str, str]
) -> IdentityClaim:
    """An identity of finite networks, and slips that must break it."""

    all_residuals = quick_jit(jax.vmap(residuals), level=0)

    drawn = Experiment(state.name(name), lambda _, keys: all_residuals(identities.draw(keys)))
    return state(
        IdentityClaim,
        name,
        statement,
        drawn["right"],
        {slip: (text, drawn[slip]) for slip, text in slips.items()},
        tolerance=dtype_tolerance(float, condition=100.0, operations=10),
        seeds=SEEDS,
    )


identity_claims = (
    identity(
        "training",
        "The drift is $M L$ times the gradient, by JAX, of the penalised risk of the network.",
        identities.training_residuals,
        {
            "no-decay": "weight decay forgotten",
            "whole-steps": "half-layers with steps $1/L$",
            "attention-twice": "heads trained twice as fast",
        },
    ),
    identity(
        "gradients",
        "The derived gradients of both blocks, and the velocity of the adjoint, equal automatic "
        "differentiation.",
        identities.gradient_residuals,
        {
            "transposed": "$W$ and its transpose swapped in the gradient in $Z$, as in G.3",
            "uncentred": "softmax weights differentiated as if they were not normalised",
        },
    ),
    identity(
        "adjoint",
        "The adjoint is carried back through interleaved half-layers.",
        identities.adjoint_residuals,
        {
            "separated": "all attention layers, then all feed-forward layers",
            "plain": "the plain exponential of the integrated Jacobian, (3.3)",
        },
    ),
    identity(
        "functional-derivative",
        r"The derivative of $Q$ in the law of a particle $\theta$ is $E \langle g, p \rangle + "
        r"\lambda |\theta|^2 / 2$, at finite depth.",
        identities.variation_residuals,
        {
            "no-decay": "weight decay forgotten",
            "one-costate": "attention paired with the adjoint at the end of its layer",
        },
    ),
)
scalar_drifts = Experiment(
    state.name("scalar-tokens"),
    identities.scalar_token_residuals(
        {"right": drift, "no-decay": wrong.no_decay, "half": wrong.half, "ascent": wrong.ascent}
    ),
)
scalar_claim = state(
    IdentityClaim,
    "scalar-tokens",
    "The derived drift of scalar tokens is $L M$ times the gradient, by JAX, of the penalised risk "
    "of the network written out.",
    scalar_drifts["right"],
    {
        "no-decay": ("weight decay forgotten", scalar_drifts["no-decay"]),
        "half": ("the gradient of the risk halved", scalar_drifts["half"]),
        "ascent": ("the risk climbed", scalar_drifts["ascent"]),
    },
    tolerance=dtype_tolerance(float, condition=100.0, operations=10),
    seeds=SEEDS,
)
