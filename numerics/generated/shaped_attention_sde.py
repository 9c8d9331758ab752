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
    t1 = V * V
    t2 = M @ t1
    t3 = M @ t2.T
    t4 = V * t3
    t5 = jnp.diagonal(V)
    MV = M @ V
    t6 = jnp.einsum("ab,ab->a", M, MV)
    t7 = t5 * t6
    t8 = MV * t7[:, None]
    t9 = M @ MV.T
    t10 = t9 * t9
    t11 = V * t10
    t12 = M * t5[:, None]
    t13 = V * t5[:, None]
    t14 = t12 @ t13
    t15 = MV * t12
    t16 = jnp.einsum("ab,ca->bc", V, t15)
    t17 = MV * MV
    t18 = M @ t17.T
    t19 = V * t18
    t20 = M @ t5
    t21 = t20 * t5
    t22 = MV * t21[:, None]
    return (
        gamma**2*(t14 + t14.T - t22 - t22.T)/(2*tau0**2) + gamma**2*(t11.T - t16 - t16.T - t19 -
        t19.T + t4.T + t8 + t8.T)/tau0**2
    )


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
        \frac{\gamma^{4}}{heads \tau_{0}^{2}} \left(\sum_{i,j} {M}^{\alpha i} {M}^{\delta j}
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
    t1 = jnp.einsum("ab,bc->abc", M, V)
    t2 = jnp.einsum("ab,cad->bcd", V, t1)
    t3 = jnp.einsum("ab,cad->abcd", V, t2)
    t4 = jnp.einsum("abc,daeb->acde", t1, t3)
    MV = M @ V
    t5 = M @ MV.T
    t6 = V * t5
    t7 = jnp.einsum("ab,ca->abc", MV, t6)
    t8 = jnp.einsum("ab,cda->abcd", MV, t7)
    t9 = jnp.einsum("ab,cd->abcd", V, V)
    t10 = jnp.einsum("ab,cb->abc", M, MV)
    t11 = jnp.einsum("ab,cad->bcd", V, t10)
    t12 = jnp.einsum("ab,cab->abc", V, t11)
    t13 = jnp.einsum("ab,cad->abcd", MV, t12)
    t14 = jnp.einsum("ab,ac->abc", MV, V)
    t15 = jnp.einsum("abc,dba->acd", t1, t14)
    t16 = jnp.einsum("ab,cda->abcd", MV, t15)
    return (
        gamma**4*(-t13 - t13.transpose(0, 1, 3, 2) - t13.transpose(1, 0, 2, 3) -
        t13.transpose(1, 0, 3, 2) - t16.transpose(2, 3, 0, 1) - t16.transpose(2, 3, 1, 0) -
        t16.transpose(3, 2, 0, 1) - t16.transpose(3, 2, 1, 0) + t4.transpose(2, 3, 0, 1) +
        t4.transpose(2, 3, 1, 0) + t4.transpose(3, 2, 0, 1) + t4.transpose(3, 2, 1, 0) +
        t8.transpose(2, 3, 0, 1) + t8.transpose(2, 3, 1, 0) + t8.transpose(3, 2, 0, 1) +
        t8.transpose(3, 2, 1, 0))/(heads*tau0**2) + gamma**2*(gamma**2 - 2)*(-t9.transpose(0, 2,
        1, 3) - t9.transpose(0, 2, 3, 1))
    )


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
        \frac{\gamma^{2}}{\sqrt{heads} \tau_{0}} \left(\sum_{i,j,k} {L}^{\alpha i} {L}^{k j}
        {M}^{\alpha k} {V}^{\beta k} {dZ}^{i j} + \sum_{i,j,k} {L}^{\beta i} {L}^{k j}
        {M}^{\beta k} {V}^{\alpha k} {dZ}^{i j} - \sum_{i,j,k,l} {L}^{\alpha i} {L}^{k j}
        {M}^{\alpha k} {M}^{\alpha l} {V}^{\beta l} {dZ}^{i j} - \sum_{i,j,k,l} {L}^{\beta i}
        {L}^{k j} {M}^{\beta k} {M}^{\beta l} {V}^{\alpha l} {dZ}^{i j}\right) + \frac{\sqrt{2}
        \gamma \sqrt{2 - \gamma^{2}}}{2} \left(\sum_{i,j} {L}^{\alpha i} {L}^{\beta j} {dG}^{i
        j} + \sum_{i,j} {L}^{\alpha i} {L}^{\beta j} {dG}^{j i}\right)

    where
        {L}^{\alpha \beta} = \mathrm{cholesky}(V)
    """
    L = jnp.linalg.cholesky(V)
    t1 = L @ dZ.T
    t2 = L @ t1.T
    t3 = M * t2
    t4 = jnp.einsum("ab,ca->bc", V, t3)
    LdG = L @ dG
    t5 = L @ LdG.T
    t6 = L @ dG.T
    t7 = L @ t6.T
    t8 = jnp.einsum("ab,ca->bc", L, M)
    LdZ = L @ dZ
    MV = M @ V
    t9 = jnp.einsum("ab,ba->a", LdZ, t8)
    t10 = MV * t9[:, None]
    return (
        gamma**2*(-t10 - t10.T + t4 + t4.T)/(jnp.sqrt(heads)*tau0) + gamma*jnp.sqrt(4 -
        2*gamma**2)*(t5.T + t7.T)/2
    )


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
        \frac{\left(c_{minus} - c_{plus}\right)^{2}}{2} + \left({\rho}^{\alpha \beta} + 1\right)
        \left(- \frac{c_{minus}^{2}}{2} + c_{minus} c_{plus} - \frac{c_{plus}^{2}}{2}\right) &
        \text{for}\: {\rho}^{\alpha \beta} \leq -1 \\0 & \text{for}\: {\rho}^{\alpha \beta} \geq
        1 \\- \frac{\left(c_{minus} - c_{plus}\right)^{2} \left(- \sqrt{1 - \left({\rho}^{\alpha
        \beta}\right)^{2}} + \arccos{\left({\rho}^{\alpha \beta} \right)} {\rho}^{\alpha
        \beta}\right)}{2 \pi} & \text{otherwise} \end{cases}\right)

    where
        {\rho}^{\alpha \beta} = \frac{{V}^{\alpha \beta}}{\sqrt{{V}^{\alpha \alpha} {V}^{\beta
        \beta}}}
    """
    t1 = jnp.diagonal(V)
    t2 = jnp.einsum("a,b->ab", t1, t1)
    t3 = 1/(jnp.sqrt(t2))
    t4 = V * t3
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
    t1 = jnp.einsum("ab,cd->abcd", V, V)
    return 2*gamma**2*(t1.transpose(0, 2, 1, 3) + t1.transpose(0, 2, 3, 1))
