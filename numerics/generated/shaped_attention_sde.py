"""Shaped attention has a covariance SDE as its limit.

Generated from theory/shaped_attention_sde.py by verilimit 0.1.0; never edited by hand.
Regenerate with ``verilimit generate``.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float, Num

Scalar = float | int | Num[Array, ""]


def attention_drift(
    V: Float[Array, "m m"],
    M: Float[Array, "m m"],
    gamma: Scalar,
    tau0: Scalar,
) -> Float[Array, "m m"]:
    r"""Drift of the Gram matrix V of m tokens, per unit time t = layer / width.

    Noci et al. 2023 (arXiv:2306.17759), drift of the covariance SDE; derived from one layer. M
    is the averaging matrix of the softmax, rows sum to one.

    Formula:
        \frac{\gamma^{2}}{2 \tau_{0}^{2}} \left(\sum_{i} {M}^{\alpha i} {V}^{\alpha \alpha}
        {V}^{\beta i} {V}^{i i} + \sum_{i} {M}^{\beta i} {V}^{\alpha i} {V}^{\beta \beta} {V}^{i
        i} - \sum_{i,j} {M}^{\alpha i} {M}^{\alpha j} {V}^{\alpha \alpha} {V}^{\beta i} {V}^{j
        j} - \sum_{i,j} {M}^{\beta i} {M}^{\beta j} {V}^{\alpha i} {V}^{\beta \beta} {V}^{j
        j}\right) + \frac{\gamma^{2}}{\tau_{0}^{2}} \left(\sum_{i,j} {M}^{\alpha i} {M}^{\beta
        j} {V}^{\alpha \beta} \left({V}^{i j}\right)^{2} - \sum_{i,j} {M}^{\alpha i} {M}^{\alpha
        j} {V}^{\alpha \alpha} {V}^{\beta i} {V}^{i j} - \sum_{i,j} {M}^{\beta i} {M}^{\beta j}
        {V}^{\alpha i} {V}^{\beta \beta} {V}^{i j} + \sum_{i,j,k} {M}^{\alpha i} {M}^{\alpha j}
        {M}^{\alpha k} {V}^{\alpha \alpha} {V}^{\beta i} {V}^{j k} - \sum_{i,j,k} {M}^{\alpha i}
        {M}^{\alpha j} {M}^{\beta k} {V}^{\alpha \beta} {V}^{i k} {V}^{j k} - \sum_{i,j,k}
        {M}^{\alpha i} {M}^{\beta j} {M}^{\beta k} {V}^{\alpha \beta} {V}^{i j} {V}^{i k} +
        \sum_{i,j,k} {M}^{\beta i} {M}^{\beta j} {M}^{\beta k} {V}^{\alpha i} {V}^{\beta \beta}
        {V}^{j k} + \sum_{i,j,k,l} {M}^{\alpha i} {M}^{\alpha j} {M}^{\beta k} {M}^{\beta l}
        {V}^{\alpha \beta} {V}^{i k} {V}^{j l}\right)
    """
    gamma, tau0 = (1.0 * jnp.asarray(a) for a in (gamma, tau0))
    MV = M @ V
    t1 = jnp.einsum("ab,ab->a", MV, M)
    t2 = jnp.diagonal(V)
    t3 = M @ t2
    t4 = -MV + t1[:, None] + t2[None, :]/2 - t3[:, None]/2
    t5 = t4 * t2[:, None]
    t6 = t5 * M
    t7 = t6 @ V
    t8 = V * V
    t9 = t8 @ M.T
    t10 = MV * MV
    t11 = -t10 + t9.T
    t12 = t11 @ M.T
    t13 = MV @ M.T
    t14 = t13 * t13
    t15 = t10 @ M.T
    t16 = t12.T + t14 - t15
    t17 = t16 * V
    return gamma**2*(t17 + t7 + t7.T)/tau0**2


def attention_covariance(
    V: Float[Array, "m m"],
    M: Float[Array, "m m"],
    gamma: Scalar,
    tau0: Scalar,
    heads: Scalar,
) -> Float[Array, "m m m m"]:
    r"""Covariance of the increments of V, per unit time t = layer / width.

    Noci et al. 2023 (arXiv:2306.17759), Sigma; values and logits together; heads concatenated.

    Formula:
        \frac{\gamma^{4}}{H \tau_{0}^{2}} \left(\sum_{i,j} {M}^{\alpha i} {M}^{\delta j}
        {V}^{\alpha \delta} {V}^{\beta i} {V}^{i j} {V}^{j \omega} + \sum_{i,j} {M}^{\alpha i}
        {M}^{\omega j} {V}^{\alpha \omega} {V}^{\beta i} {V}^{\delta j} {V}^{i j} + \sum_{i,j}
        {M}^{\beta i} {M}^{\delta j} {V}^{\alpha i} {V}^{\beta \delta} {V}^{i j} {V}^{j \omega}
        + \sum_{i,j} {M}^{\beta i} {M}^{\omega j} {V}^{\alpha i} {V}^{\beta \omega} {V}^{\delta
        j} {V}^{i j} - \sum_{i,j,k} {M}^{\alpha i} {M}^{\alpha j} {M}^{\delta k} {V}^{\alpha
        \delta} {V}^{\beta i} {V}^{j k} {V}^{k \omega} - \sum_{i,j,k} {M}^{\alpha i} {M}^{\alpha
        j} {M}^{\omega k} {V}^{\alpha \omega} {V}^{\beta i} {V}^{\delta k} {V}^{j k} -
        \sum_{i,j,k} {M}^{\alpha i} {M}^{\delta j} {M}^{\delta k} {V}^{\alpha \delta} {V}^{\beta
        i} {V}^{i j} {V}^{k \omega} - \sum_{i,j,k} {M}^{\alpha i} {M}^{\omega j} {M}^{\omega k}
        {V}^{\alpha \omega} {V}^{\beta i} {V}^{\delta k} {V}^{i j} - \sum_{i,j,k} {M}^{\beta i}
        {M}^{\beta j} {M}^{\delta k} {V}^{\alpha i} {V}^{\beta \delta} {V}^{j k} {V}^{k \omega}
        - \sum_{i,j,k} {M}^{\beta i} {M}^{\beta j} {M}^{\omega k} {V}^{\alpha i} {V}^{\beta
        \omega} {V}^{\delta k} {V}^{j k} - \sum_{i,j,k} {M}^{\beta i} {M}^{\delta j} {M}^{\delta
        k} {V}^{\alpha i} {V}^{\beta \delta} {V}^{i j} {V}^{k \omega} - \sum_{i,j,k} {M}^{\beta
        i} {M}^{\omega j} {M}^{\omega k} {V}^{\alpha i} {V}^{\beta \omega} {V}^{\delta k} {V}^{i
        j} + \sum_{i,j,k,l} {M}^{\alpha i} {M}^{\alpha j} {M}^{\delta k} {M}^{\delta l}
        {V}^{\alpha \delta} {V}^{\beta i} {V}^{j k} {V}^{l \omega} + \sum_{i,j,k,l} {M}^{\alpha
        i} {M}^{\alpha j} {M}^{\omega k} {M}^{\omega l} {V}^{\alpha \omega} {V}^{\beta i}
        {V}^{\delta l} {V}^{j k} + \sum_{i,j,k,l} {M}^{\beta i} {M}^{\beta j} {M}^{\delta k}
        {M}^{\delta l} {V}^{\alpha i} {V}^{\beta \delta} {V}^{j k} {V}^{l \omega} +
        \sum_{i,j,k,l} {M}^{\beta i} {M}^{\beta j} {M}^{\omega k} {M}^{\omega l} {V}^{\alpha i}
        {V}^{\beta \omega} {V}^{\delta l} {V}^{j k}\right) + \gamma^{2} \left(\gamma^{2} -
        2\right) \left(- {V}^{\alpha \delta} {V}^{\beta \omega} - {V}^{\alpha \omega} {V}^{\beta
        \delta}\right)
    """
    gamma, tau0, heads = (1.0 * jnp.asarray(a) for a in (gamma, tau0, heads))
    t1 = jnp.einsum("ab,bc->abc", M, V)
    t2 = jnp.einsum("abc,bd->acd", t1, V)
    MV = M @ V
    t3 = jnp.einsum("ab,ac->abc", MV, MV)
    t4 = t2.transpose(0, 2, 1) - t3.transpose(0, 2, 1)
    t5 = jnp.einsum("abc,cd->abcd", t4, V)
    t6 = t5.transpose(3, 0, 1, 2)
    t7 = jnp.einsum("abcd,ed->abce", t6, M)
    t8 = MV @ M.T
    t9 = jnp.einsum("ab,ac->abc", MV, t8)
    t10 = jnp.einsum("ab,cda->abcd", MV, t9)
    t11 = jnp.einsum("ab,cbd->acd", MV, t1)
    t12 = jnp.einsum("ab,acd->abcd", MV, t11)
    t13 = (
        -V[None, :, None, :]*gamma**2*(gamma**2 - 2) + gamma**4*(t10.transpose(2, 3, 0, 1) - t12
        + t7.transpose(3, 0, 1, 2))/(heads*tau0**2)
    )
    t14 = jnp.einsum("abcd,ac->abcd", t13, V)
    t15 = t2.transpose(2, 0, 1) - t3.transpose(2, 0, 1)
    t16 = jnp.einsum("abc,cd->abcd", t15, V)
    t17 = t16.transpose(3, 0, 1, 2)
    t18 = jnp.einsum("abcd,ed->abce", t17, M)
    t19 = (
        -V[None, :, :, None]*gamma**2*(gamma**2 - 2) + gamma**4*(t10.transpose(2, 3, 1, 0) -
        t12.transpose(0, 1, 3, 2) + t18.transpose(3, 0, 1, 2))/(heads*tau0**2)
    )
    t20 = jnp.einsum("abcd,ad->abcd", t19, V)
    t21 = t10.transpose(3, 2, 0, 1) - t12.transpose(1, 0, 2, 3) + t7.transpose(0, 3, 1, 2)
    t22 = jnp.einsum("abcd,bc->abcd", t21, V)
    t23 = t10.transpose(3, 2, 1, 0) - t12.transpose(1, 0, 3, 2) + t18.transpose(0, 3, 1, 2)
    t24 = jnp.einsum("abcd,bd->abcd", t23, V)
    return gamma**4*(t22 + t24)/(heads*tau0**2) + t14 + t20


def noise_increment(
    V: Float[Array, "m m"],
    M: Float[Array, "m m"],
    gamma: Scalar,
    tau0: Scalar,
    heads: Scalar,
    dG: Float[Array, "m m"],
    dZ: Float[Array, "m m"],
) -> Float[Array, "m m"]:
    r"""Noise of V for independent Gaussian matrices dG, dZ: no root of a covariance.

    Derived here: its covariance is attention_covariance, times the variance of the entries of
    dG and dZ (the time step).

    Formula:
        \frac{\gamma^{2}}{\sqrt{H} \tau_{0}} \left(\sum_{i,j,k} {L}^{\alpha i} {L}^{k j}
        {M}^{\alpha k} {V}^{\beta k} {\mathrm{d}Z}^{i j} + \sum_{i,j,k} {L}^{\beta i} {L}^{k j}
        {M}^{\beta k} {V}^{\alpha k} {\mathrm{d}Z}^{i j} - \sum_{i,j,k,l} {L}^{\alpha i} {L}^{k
        j} {M}^{\alpha k} {M}^{\alpha l} {V}^{\beta l} {\mathrm{d}Z}^{i j} - \sum_{i,j,k,l}
        {L}^{\beta i} {L}^{k j} {M}^{\beta k} {M}^{\beta l} {V}^{\alpha l} {\mathrm{d}Z}^{i
        j}\right) + \frac{\sqrt{2} \gamma \sqrt{2 - \gamma^{2}}}{2} \left(\sum_{i,j} {L}^{\alpha
        i} {L}^{\beta j} {\mathrm{d}G}^{i j} + \sum_{i,j} {L}^{\alpha i} {L}^{\beta j}
        {\mathrm{d}G}^{j i}\right)

    where
        {L}^{\alpha \beta} = \mathrm{cholesky}(V)
    """
    gamma, tau0, heads = (1.0 * jnp.asarray(a) for a in (gamma, tau0, heads))
    L = jnp.linalg.cholesky(V)
    t1 = L @ dZ.T
    t2 = t1 @ L.T
    ML = M @ L
    LdZ = L @ dZ
    t3 = jnp.einsum("ab,ab->a", LdZ, ML)
    t4 = t2.T - t3[:, None]
    t5 = t4 * M
    t6 = t5 @ V
    t7 = dG/2 + dG.T/2
    t8 = t7 @ L.T
    t9 = t8.T
    t10 = t9 @ L.T
    return gamma**2*(t6 + t6.T)/(jnp.sqrt(heads)*tau0) + gamma*t10.T*jnp.sqrt(4 - 2*gamma**2)


def mlp_drift(
    V: Float[Array, "m m"],
    c_plus: Scalar,
    c_minus: Scalar,
    gamma: Scalar,
) -> Float[Array, "m m"]:
    r"""Drift of V from a residual shaped ReLU layer, per unit time t = layer / width.

    Li, Nica, Roy 2022 (arXiv:2206.02768); the printed sign of rho arccos(rho) in the lecture
    notes is wrong, derived here.

    Formula:
        \gamma^{2} \sqrt{{V}^{\alpha \alpha} {V}^{\beta \beta}} \left(\begin{cases}
        \frac{\left(c_- - c_+\right)^{2}}{2} + \left({\varrho}^{\alpha \beta} + 1\right)
        \left(c_- c_+ - \frac{c_-^{2}}{2} - \frac{c_+^{2}}{2}\right) & \text{for}\:
        {\varrho}^{\alpha \beta} \leq -1 \\0 & \text{for}\: {\varrho}^{\alpha \beta} \geq 1 \\-
        \frac{\left(c_- - c_+\right)^{2} \left(\arccos{\left({\varrho}^{\alpha \beta} \right)}
        {\varrho}^{\alpha \beta} - \sqrt{1 - \left({\varrho}^{\alpha
        \beta}\right)^{2}}\right)}{2 \pi} & \text{otherwise} \end{cases}\right)

    where
        {\varrho}^{\alpha \beta} = \frac{{V}^{\alpha \beta}}{\sqrt{{V}^{\alpha \alpha}
        {V}^{\beta \beta}}}
    """
    c_plus, c_minus, gamma = (1.0 * jnp.asarray(a) for a in (c_plus, c_minus, gamma))
    t1 = jnp.diagonal(V)
    t2 = t1[:, None] * t1
    t3 = 1/jnp.sqrt(t2)
    t4 = t3 * V
    rho = t4
    t5 = jnp.sqrt(t2)
    t6 = jnp.where((rho <= -1) | (rho >= 1), -1/2, rho)
    t7 = t6 * t6
    t8 = jnp.sqrt(1 - t7)
    t9 = jnp.arccos(t6)
    t10 = t6 * t9
    t11 = (
        jnp.where(rho <= -1, (c_minus - c_plus)**2/2 + (-rho - 1)*(c_minus**2/2 - c_minus*c_plus
        + c_plus**2/2), jnp.where(rho >= 1, 0, (c_minus - c_plus)**2*(-t10 + t8)/(2*jnp.pi)))
    )
    t12 = t11 * t5
    return gamma**2*t12


def mlp_covariance(V: Float[Array, "m m"], gamma: Scalar) -> Float[Array, "m m m m"]:
    r"""Covariance of the increments of V from a residual shaped MLP, per unit time.

    Derived here; hidden width equal to the width.

    Formula:
        2 \gamma^{2} {V}^{\alpha \delta} {V}^{\beta \omega} + 2 \gamma^{2} {V}^{\alpha \omega}
        {V}^{\beta \delta}
    """
    gamma = 1.0 * jnp.asarray(gamma)
    t1 = jnp.einsum("ab,cd->abcd", V, V)
    return 2*gamma**2*(t1.transpose(0, 2, 1, 3) + t1.transpose(0, 2, 3, 1))
