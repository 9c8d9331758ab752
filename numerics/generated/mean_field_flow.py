"""Gradient flow on a deep, wide transformer has a Wasserstein gradient flow as its limit.

Generated from theory/mean_field_flow.py by verilimit 0.1.0; never edited by hand.
Regenerate with ``verilimit generate``.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Num

Scalar = float | int | Num[Array, ""]


@jax.custom_jvp
def _sigmoid(x: Num[Array, "..."] | float) -> Array:
    return jax.nn.sigmoid(x)


_sigmoid.defjvps(lambda g, y, x: g * y * _sigmoid(-x))


@jax.custom_jvp
def _tanh(x: Num[Array, "..."] | float) -> Array:
    return jnp.tanh(x)


_tanh.defjvps(lambda g, y, x: g * _sech(x) ** 2)


@jax.custom_jvp
def _sech(x: Num[Array, "..."] | float) -> Array:
    return 1 / jnp.cosh(x)


_sech.defjvps(lambda g, y, x: -g * y * _tanh(x))


def attention(
    Z: Float[Array, "D T"],
    V: Float[Array, "D D"],
    W: Float[Array, "D D"],
) -> Float[Array, "D T"]:
    r"""One attention head, f = V Z softmax(Z^T W Z), softmax down each column.

    Gao et al. 2024 (arXiv:2410.23610), (2.3).

    Formula:
        \sum_{b,q} {P}^{q i} {V}^{a b} {Z}^{b q}

    where
        {P}^{q i} = \mathrm{softmax}_{q}\left(\sum_{a,b} {W}^{a b} {Z}^{a q} {Z}^{b i}\right)
    """
    t1 = W.T @ Z
    t2 = t1.T @ Z
    P = jax.nn.softmax(t2, axis=0)
    ZP = Z @ P
    VZP = V @ ZP
    return VZP


def attention_gradient(
    Z: Float[Array, "D T"],
    p: Float[Array, "D T"],
    V: Float[Array, "D D"],
    W: Float[Array, "D D"],
) -> tuple[Float[Array, "D D"], Float[Array, "D D"]]:
    r"""Gradients of <f, p> in V and W.

    Closed form derived from the block, equal to that of the sheet; Gao et al. 2024, App. G.

    Formula:
        \sum_{i,j} {P}^{j i} {Z}^{d j} {p}^{c i}

    Formula:
        \sum_{i,j,k,l} {P}^{l k} {V}^{j i} {Z}^{c l} {Z}^{d k} {Z}^{i l} {p}^{j k} -
        \sum_{i,j,k,l,q} {P}^{l k} {P}^{q k} {V}^{j i} {Z}^{c l} {Z}^{d k} {Z}^{i q} {p}^{j k}

    where
        {P}^{q i} = \mathrm{softmax}_{q}\left(\sum_{a,b} {W}^{a b} {Z}^{a q} {Z}^{b i}\right)
    """
    t1 = W.T @ Z
    t2 = t1.T @ Z
    P = jax.nn.softmax(t2, axis=0)
    ZP = Z @ P
    t3 = ZP @ p.T
    t4 = V.T @ p
    t5 = jnp.einsum("ab,ab->b", ZP, t4)
    t6 = ZP * t5
    VZ = V @ Z
    t7 = VZ.T @ p
    t8 = t7 * P
    t9 = Z @ t8
    t10 = -t6 + t9
    t11 = t10 @ Z.T
    return t3.T, t11


def attention_pullback(
    Z: Float[Array, "D T"],
    p: Float[Array, "D T"],
    V: Float[Array, "D D"],
    W: Float[Array, "D D"],
) -> Float[Array, "D T"]:
    r"""Gradient of <f, p> in the state Z.

    Closed form derived from the block, equal to that of the sheet; Gao et al. 2024, App. G.

    Formula:
        \sum_{i,j} {P}^{s j} {V}^{i c} {p}^{i j} + \sum_{i,j,k,l} {P}^{l s} {V}^{j i} {W}^{k c}
        {Z}^{i l} {Z}^{k l} {p}^{j s} + \sum_{i,j,k,l} {P}^{s l} {V}^{j i} {W}^{c k} {Z}^{i s}
        {Z}^{k l} {p}^{j l} - \sum_{i,j,k,l,q} {P}^{l s} {P}^{q s} {V}^{j i} {W}^{k c} {Z}^{i l}
        {Z}^{k q} {p}^{j s} - \sum_{i,j,k,l,q} {P}^{q l} {P}^{s l} {V}^{j i} {W}^{c k} {Z}^{i q}
        {Z}^{k l} {p}^{j l}

    where
        {P}^{q i} = \mathrm{softmax}_{q}\left(\sum_{a,b} {W}^{a b} {Z}^{a q} {Z}^{b i}\right)
    """
    t1 = W.T @ Z
    t2 = t1.T @ Z
    P = jax.nn.softmax(t2, axis=0)
    ZP = Z @ P
    t3 = V.T @ p
    t4 = jnp.einsum("ab,ab->b", ZP, t3)
    WZ = W @ Z
    t5 = WZ * t4
    t6 = t3 - t5
    t7 = t6 @ P.T
    t8 = ZP * t4
    VZ = V @ Z
    t9 = VZ.T @ p
    t10 = t9 * P
    t11 = Z @ t10
    t12 = t11.T - t8.T
    t13 = t12 @ W
    t14 = WZ @ t10.T
    return t13.T + t14 + t7


def feedforward(
    Z: Float[Array, "D T"],
    W1: Float[Array, "hidden D"],
    W2: Float[Array, "D hidden"],
) -> Float[Array, "D T"]:
    r"""One feed-forward particle, h = W2 sigma(W1 Z), sigma the huberized ReLU.

    Gao et al. 2024 (arXiv:2410.23610), App. G.

    Formula:
        \sum_{n} {S}^{n i} {W_{2}}^{a n}

    where
        {X}^{n i} = \sum_{b} {W_{1}}^{n b} {Z}^{b i}

    where
        {S}^{n i} = \left({X}^{n i} - \frac{\min\left(1, \max\left(0, {X}^{n
        i}\right)\right)}{2}\right) \min\left(1, \max\left(0, {X}^{n i}\right)\right)
    """
    t1 = W1 @ Z
    X = t1
    t2 = jnp.maximum(0, X)
    t3 = jnp.minimum(1, t2)
    t4 = t3 * t3
    t5 = t3 * X
    S = -t4/2 + t5
    t6 = W2 @ S
    return t6


def feedforward_gradient(
    Z: Float[Array, "D T"],
    p: Float[Array, "D T"],
    W1: Float[Array, "hidden D"],
    W2: Float[Array, "D hidden"],
) -> tuple[Float[Array, "hidden D"], Float[Array, "D hidden"]]:
    r"""Gradients of <h, p> in W1 and W2, sigma the huberized ReLU.

    Closed form derived from the block, equal to that of the sheet; Gao et al. 2024, App. G.

    Formula:
        \sum_{i,j} {S_{1}}^{o j} {W_{2}}^{i o} {Z}^{c j} {p}^{i j}

    Formula:
        \sum_{i} {S}^{o i} {p}^{c i}

    where
        {X}^{n i} = \sum_{b} {W_{1}}^{n b} {Z}^{b i}

    where
        {S}^{n i} = \left({X}^{n i} - \frac{\min\left(1, \max\left(0, {X}^{n
        i}\right)\right)}{2}\right) \min\left(1, \max\left(0, {X}^{n i}\right)\right)

    where
        {S_{1}}^{n i} = \min\left(1, \max\left(0, {X}^{n i}\right)\right)
    """
    t1 = W1 @ Z
    X = t1
    t2 = jnp.maximum(0, X)
    t3 = jnp.minimum(1, t2)
    t4 = t3 * t3
    t5 = t3 * X
    S = -t4/2 + t5
    S1 = t3
    t6 = W2.T @ p
    t7 = t6 * S1
    t8 = t7 @ Z.T
    t9 = S @ p.T
    return t8, t9.T


def feedforward_pullback(
    Z: Float[Array, "D T"],
    p: Float[Array, "D T"],
    W1: Float[Array, "hidden D"],
    W2: Float[Array, "D hidden"],
) -> Float[Array, "D T"]:
    r"""Gradient of <h, p> in the state Z, sigma the huberized ReLU.

    Closed form derived from the block, equal to that of the sheet; Gao et al. 2024, App. G.

    Formula:
        \sum_{i,j} {S_{1}}^{j s} {W_{1}}^{j c} {W_{2}}^{i j} {p}^{i s}

    where
        {X}^{n i} = \sum_{b} {W_{1}}^{n b} {Z}^{b i}

    where
        {S_{1}}^{n i} = \min\left(1, \max\left(0, {X}^{n i}\right)\right)
    """
    t1 = W1 @ Z
    X = t1
    t2 = jnp.maximum(0, X)
    t3 = jnp.minimum(1, t2)
    S1 = t3
    t4 = W2.T @ p
    t5 = t4 * S1
    t6 = t5.T @ W1
    return t6.T


def relu_feedforward(
    Z: Float[Array, "D T"],
    W1: Float[Array, "hidden D"],
    W2: Float[Array, "D hidden"],
) -> Float[Array, "D T"]:
    r"""One feed-forward particle, h = W2 sigma(W1 Z), sigma the ReLU.

    Gao et al. 2024 (arXiv:2410.23610), App. G.

    Formula:
        \sum_{n} {S}^{n i} {W_{2}}^{a n}

    where
        {X}^{n i} = \sum_{b} {W_{1}}^{n b} {Z}^{b i}

    where
        {S}^{n i} = \max\left(0, {X}^{n i}\right)
    """
    t1 = W1 @ Z
    X = t1
    t2 = jnp.maximum(0, X)
    S = t2
    t3 = W2 @ S
    return t3


def relu_feedforward_gradient(
    Z: Float[Array, "D T"],
    p: Float[Array, "D T"],
    W1: Float[Array, "hidden D"],
    W2: Float[Array, "D hidden"],
) -> tuple[Float[Array, "hidden D"], Float[Array, "D hidden"]]:
    r"""Gradients of <h, p> in W1 and W2, sigma the ReLU.

    Closed form derived from the block, equal to that of the sheet; Gao et al. 2024, App. G.

    Formula:
        \sum_{i,j} {S_{1}}^{o j} {W_{2}}^{i o} {Z}^{c j} {p}^{i j}

    Formula:
        \sum_{i} {S}^{o i} {p}^{c i}

    where
        {X}^{n i} = \sum_{b} {W_{1}}^{n b} {Z}^{b i}

    where
        {S}^{n i} = \max\left(0, {X}^{n i}\right)

    where
        {S_{1}}^{n i} = \frac{\operatorname{sign}{\left({X}^{n i} \right)}}{2} + \frac{1}{2}
    """
    t1 = W1 @ Z
    X = t1
    t2 = jnp.maximum(0, X)
    S = t2
    t3 = jnp.sign(X)
    S1 = t3/2 + 1/2
    t4 = W2.T @ p
    t5 = t4 * S1
    t6 = t5 @ Z.T
    t7 = S @ p.T
    return t6, t7.T


def relu_feedforward_pullback(
    Z: Float[Array, "D T"],
    p: Float[Array, "D T"],
    W1: Float[Array, "hidden D"],
    W2: Float[Array, "D hidden"],
) -> Float[Array, "D T"]:
    r"""Gradient of <h, p> in the state Z, sigma the ReLU.

    Closed form derived from the block, equal to that of the sheet; Gao et al. 2024, App. G.

    Formula:
        \sum_{i,j} {S_{1}}^{j s} {W_{1}}^{j c} {W_{2}}^{i j} {p}^{i s}

    where
        {X}^{n i} = \sum_{b} {W_{1}}^{n b} {Z}^{b i}

    where
        {S_{1}}^{n i} = \frac{\operatorname{sign}{\left({X}^{n i} \right)}}{2} + \frac{1}{2}
    """
    t1 = W1 @ Z
    X = t1
    t2 = jnp.sign(X)
    S1 = t2/2 + 1/2
    t3 = W2.T @ p
    t4 = t3 * S1
    t5 = t4.T @ W1
    return t5.T


def block_velocity(
    Z: Float[Array, "D T"],
    V: Float[Array, "D D"],
    W: Float[Array, "D D"],
    W1: Float[Array, "hidden D"],
    W2: Float[Array, "D hidden"],
) -> Float[Array, "D T"]:
    r"""Velocity g = (f + h) / 2 of the state in depth, under one particle.

    Gao et al. 2024 (arXiv:2410.23610), (3.1).

    Formula:
        \frac{1}{2} \left(\sum_{n} {S}^{n i} {W_{2}}^{a n} + \sum_{b,q} {P}^{q i} {V}^{a b}
        {Z}^{b q}\right)

    where
        {P}^{q i} = \mathrm{softmax}_{q}\left(\sum_{a,b} {W}^{a b} {Z}^{a q} {Z}^{b i}\right)

    where
        {X}^{n i} = \sum_{b} {W_{1}}^{n b} {Z}^{b i}

    where
        {S}^{n i} = \left({X}^{n i} - \frac{\min\left(1, \max\left(0, {X}^{n
        i}\right)\right)}{2}\right) \min\left(1, \max\left(0, {X}^{n i}\right)\right)
    """
    t1 = W.T @ Z
    t2 = t1.T @ Z
    P = jax.nn.softmax(t2, axis=0)
    t3 = W1 @ Z
    X = t3
    t4 = jnp.maximum(0, X)
    t5 = jnp.minimum(1, t4)
    t6 = t5 * t5
    t7 = t5 * X
    S = -t6/2 + t7
    t8 = W2 @ S
    ZP = Z @ P
    VZP = V @ ZP
    return VZP/2 + t8/2


def adjoint_velocity(
    Z: Float[Array, "D T"],
    p: Float[Array, "D T"],
    V: Float[Array, "D D"],
    W: Float[Array, "D D"],
    W1: Float[Array, "hidden D"],
    W2: Float[Array, "D hidden"],
) -> Float[Array, "D T"]:
    r"""Velocity of the adjoint p in depth, under one particle.

    Gao et al. 2024 (arXiv:2410.23610), (C.12); not the plain exponential of (3.3).

    Formula:
        \frac{1}{2} \left(\sum_{i,j,k,l,q} {P}^{l s} {P}^{q s} {V}^{j i} {W}^{k c} {Z}^{i l}
        {Z}^{k q} {p}^{j s} - \sum_{i,j} {P}^{s j} {V}^{i c} {p}^{i j} - \sum_{i,j} {S_{1}}^{j
        s} {W_{1}}^{j c} {W_{2}}^{i j} {p}^{i s} - \sum_{i,j,k,l} {P}^{l s} {V}^{j i} {W}^{k c}
        {Z}^{i l} {Z}^{k l} {p}^{j s} - \sum_{i,j,k,l} {P}^{s l} {V}^{j i} {W}^{c k} {Z}^{i s}
        {Z}^{k l} {p}^{j l} + \sum_{i,j,k,l,q} {P}^{q l} {P}^{s l} {V}^{j i} {W}^{c k} {Z}^{i q}
        {Z}^{k l} {p}^{j l}\right)

    where
        {P}^{q i} = \mathrm{softmax}_{q}\left(\sum_{a,b} {W}^{a b} {Z}^{a q} {Z}^{b i}\right)

    where
        {X}^{n i} = \sum_{b} {W_{1}}^{n b} {Z}^{b i}

    where
        {S_{1}}^{n i} = \min\left(1, \max\left(0, {X}^{n i}\right)\right)
    """
    t1 = W.T @ Z
    t2 = t1.T @ Z
    P = jax.nn.softmax(t2, axis=0)
    t3 = W1 @ Z
    X = t3
    t4 = jnp.maximum(0, X)
    t5 = jnp.minimum(1, t4)
    S1 = t5
    ZP = Z @ P
    t6 = V.T @ p
    t7 = jnp.einsum("ab,ab->b", ZP, t6)
    WZ = W @ Z
    t8 = WZ * t7
    t9 = -t6/2 + t8/2
    t10 = t9 @ P.T
    t11 = ZP * t7
    VZ = V @ Z
    t12 = VZ.T @ p
    t13 = t12 * P
    t14 = Z @ t13
    t15 = t11.T/2 - t14.T/2
    t16 = t15 @ W
    t17 = W2.T @ p
    t18 = t17 * S1
    t19 = t18.T @ W1
    t20 = WZ @ t13.T
    return t10 + t16.T - t19.T/2 - t20/2


def depth_defect(
    hf: Float[Array, "D T"],
    gg: Float[Array, "D T"],
    gt: Float[Array, "D T"],
) -> Float[Array, "D T"]:
    r"""Local error of a layer times L^2: hf = dh f, gg = dg g, gt the change of g in depth.

    Derived here from the alternating layer.

    Formula:
        \frac{{h'f}^{a i}}{4} - \frac{{g'g}^{a i}}{2} - \frac{{\dot g}^{a i}}{2}
    """
    return -gg/2 - gt/2 + hf/4


def tied_velocity(u1: Scalar, u2: Scalar, y: Scalar) -> tuple[Float[Array, ""], Float[Array, ""]]:
    r"""Velocity of two scalar tokens under one particle.

    Scalar-token model of the sheet with tied weights V = W = y; attention only.

    Formula:
        \frac{u_{1} y \left(\frac{\tanh{\left(\frac{u_{1} y \left(u_{1} - u_{2}\right)}{2}
        \right)}}{2} + \frac{1}{2}\right)}{2} + \frac{u_{2} y \left(\frac{1}{2} -
        \frac{\tanh{\left(\frac{u_{1} y \left(u_{1} - u_{2}\right)}{2} \right)}}{2}\right)}{2}

    Formula:
        \frac{u_{1} y \left(\frac{\tanh{\left(\frac{u_{2} y \left(u_{1} - u_{2}\right)}{2}
        \right)}}{2} + \frac{1}{2}\right)}{2} + \frac{u_{2} y \left(\frac{1}{2} -
        \frac{\tanh{\left(\frac{u_{2} y \left(u_{1} - u_{2}\right)}{2} \right)}}{2}\right)}{2}
    """
    u1, u2, y = (1.0 * jnp.asarray(a) for a in (u1, u2, y))
    return (
        u1*y*_sigmoid(u1*y*(u1 - u2))/2 + u2*y*_sigmoid(-u1*y*(u1 - u2))/2,
        u1*y*_sigmoid(u2*y*(u1 - u2))/2 + u2*y*_sigmoid(-u2*y*(u1 - u2))/2
    )


def tied_adjoint_velocity(
    u1: Scalar,
    u2: Scalar,
    q1: Scalar,
    q2: Scalar,
    y: Scalar,
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    r"""Velocity of the adjoint of two scalar tokens under one particle.

    Scalar-token model of the sheet with tied weights V = W = y; attention only.

    Formula:
        - q_{1} \left(\frac{u_{1} y \left(1 - \tanh^{2}{\left(\frac{u_{1} y \left(u_{1} -
        u_{2}\right)}{2} \right)}\right) \left(\frac{u_{1} y}{2} + \frac{y \left(u_{1} -
        u_{2}\right)}{2}\right)}{4} - \frac{u_{2} y \left(1 - \tanh^{2}{\left(\frac{u_{1} y
        \left(u_{1} - u_{2}\right)}{2} \right)}\right) \left(\frac{u_{1} y}{2} + \frac{y
        \left(u_{1} - u_{2}\right)}{2}\right)}{4} + \frac{y \left(\frac{\tanh{\left(\frac{u_{1}
        y \left(u_{1} - u_{2}\right)}{2} \right)}}{2} + \frac{1}{2}\right)}{2}\right) - q_{2}
        \left(\frac{u_{1} u_{2} y^{2} \left(1 - \tanh^{2}{\left(\frac{u_{2} y \left(u_{1} -
        u_{2}\right)}{2} \right)}\right)}{8} - \frac{u_{2}^{2} y^{2} \left(1 -
        \tanh^{2}{\left(\frac{u_{2} y \left(u_{1} - u_{2}\right)}{2} \right)}\right)}{8} +
        \frac{y \left(\frac{\tanh{\left(\frac{u_{2} y \left(u_{1} - u_{2}\right)}{2}
        \right)}}{2} + \frac{1}{2}\right)}{2}\right)

    Formula:
        - q_{1} \left(\frac{u_{1} u_{2} y^{2} \left(1 - \tanh^{2}{\left(\frac{u_{1} y
        \left(u_{1} - u_{2}\right)}{2} \right)}\right)}{8} - \frac{u_{1}^{2} y^{2} \left(1 -
        \tanh^{2}{\left(\frac{u_{1} y \left(u_{1} - u_{2}\right)}{2} \right)}\right)}{8} +
        \frac{y \left(\frac{1}{2} - \frac{\tanh{\left(\frac{u_{1} y \left(u_{1} -
        u_{2}\right)}{2} \right)}}{2}\right)}{2}\right) - q_{2} \left(\frac{u_{1} y \left(1 -
        \tanh^{2}{\left(\frac{u_{2} y \left(u_{1} - u_{2}\right)}{2} \right)}\right)
        \left(\frac{y \left(u_{1} - u_{2}\right)}{2} - \frac{u_{2} y}{2}\right)}{4} -
        \frac{u_{2} y \left(1 - \tanh^{2}{\left(\frac{u_{2} y \left(u_{1} - u_{2}\right)}{2}
        \right)}\right) \left(\frac{y \left(u_{1} - u_{2}\right)}{2} - \frac{u_{2}
        y}{2}\right)}{4} + \frac{y \left(\frac{1}{2} - \frac{\tanh{\left(\frac{u_{2} y
        \left(u_{1} - u_{2}\right)}{2} \right)}}{2}\right)}{2}\right)
    """
    u1, u2, q1, q2, y = (1.0 * jnp.asarray(a) for a in (u1, u2, q1, q2, y))
    return (
        -q1*(u1*y*(u1*y/2 + y*(u1 - u2)/2)*_sech(u1*y*(u1 - u2)/2)**2/4 - u2*y*(u1*y/2 + y*(u1 -
        u2)/2)*_sech(u1*y*(u1 - u2)/2)**2/4 + y*_sigmoid(u1*y*(u1 - u2))/2) -
        q2*(u1*u2*y**2*_sech(u2*y*(u1 - u2)/2)**2/8 - u2**2*y**2*_sech(u2*y*(u1 - u2)/2)**2/8 +
        y*_sigmoid(u2*y*(u1 - u2))/2), -q1*(-u1**2*y**2*_sech(u1*y*(u1 - u2)/2)**2/8 +
        u1*u2*y**2*_sech(u1*y*(u1 - u2)/2)**2/8 + y*_sigmoid(-u1*y*(u1 - u2))/2) -
        q2*(u1*y*(-u2*y/2 + y*(u1 - u2)/2)*_sech(u2*y*(u1 - u2)/2)**2/4 - u2*y*(-u2*y/2 + y*(u1
        - u2)/2)*_sech(u2*y*(u1 - u2)/2)**2/4 + y*_sigmoid(-u2*y*(u1 - u2))/2)
    )


def tied_gradient(u1: Scalar, u2: Scalar, q1: Scalar, q2: Scalar, y: Scalar) -> Float[Array, ""]:
    r"""d/dy of <g, p>: the drift without weight decay.

    Scalar-token model of the sheet with tied weights V = W = y; attention only.

    Formula:
        q_{1} \left(\frac{u_{1}^{2} y \left(1 - \tanh^{2}{\left(\frac{u_{1} y \left(u_{1} -
        u_{2}\right)}{2} \right)}\right) \left(u_{1} - u_{2}\right)}{8} - \frac{u_{1} u_{2} y
        \left(1 - \tanh^{2}{\left(\frac{u_{1} y \left(u_{1} - u_{2}\right)}{2} \right)}\right)
        \left(u_{1} - u_{2}\right)}{8} + \frac{u_{1} \left(\frac{\tanh{\left(\frac{u_{1} y
        \left(u_{1} - u_{2}\right)}{2} \right)}}{2} + \frac{1}{2}\right)}{2} + \frac{u_{2}
        \left(\frac{1}{2} - \frac{\tanh{\left(\frac{u_{1} y \left(u_{1} - u_{2}\right)}{2}
        \right)}}{2}\right)}{2}\right) + q_{2} \left(\frac{u_{1} u_{2} y \left(1 -
        \tanh^{2}{\left(\frac{u_{2} y \left(u_{1} - u_{2}\right)}{2} \right)}\right) \left(u_{1}
        - u_{2}\right)}{8} + \frac{u_{1} \left(\frac{\tanh{\left(\frac{u_{2} y \left(u_{1} -
        u_{2}\right)}{2} \right)}}{2} + \frac{1}{2}\right)}{2} - \frac{u_{2}^{2} y \left(1 -
        \tanh^{2}{\left(\frac{u_{2} y \left(u_{1} - u_{2}\right)}{2} \right)}\right) \left(u_{1}
        - u_{2}\right)}{8} + \frac{u_{2} \left(\frac{1}{2} - \frac{\tanh{\left(\frac{u_{2} y
        \left(u_{1} - u_{2}\right)}{2} \right)}}{2}\right)}{2}\right)
    """
    u1, u2, q1, q2, y = (1.0 * jnp.asarray(a) for a in (u1, u2, q1, q2, y))
    return (
        q1*(u1**2*y*(u1 - u2)*_sech(u1*y*(u1 - u2)/2)**2/8 - u1*u2*y*(u1 - u2)*_sech(u1*y*(u1 -
        u2)/2)**2/8 + u1*_sigmoid(u1*y*(u1 - u2))/2 + u2*_sigmoid(-u1*y*(u1 - u2))/2) +
        q2*(u1*u2*y*(u1 - u2)*_sech(u2*y*(u1 - u2)/2)**2/8 + u1*_sigmoid(u2*y*(u1 - u2))/2 -
        u2**2*y*(u1 - u2)*_sech(u2*y*(u1 - u2)/2)**2/8 + u2*_sigmoid(-u2*y*(u1 - u2))/2)
    )
