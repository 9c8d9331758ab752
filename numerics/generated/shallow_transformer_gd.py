"""Gradient descent on a shallow transformer needs width log n and pays nothing for length.

Generated from theory/shallow_transformer_gd.py by verilimit 0.1.0; never edited by hand.
Regenerate with ``verilimit generate``.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Num

Scalar = float | int | Num[Array, ""]


@jax.custom_jvp
def _tanh(x: Num[Array, "..."] | float) -> Array:
    return jnp.tanh(x)


_tanh.defjvps(lambda g, y, x: g * _sech(x) ** 2)


@jax.custom_jvp
def _sech(x: Num[Array, "..."] | float) -> Array:
    return 1 / jnp.cosh(x)


_sech.defjvps(lambda g, y, x: -g * y * _tanh(x))


def attention_head(
    X: Float[Array, "T d"],
    W: Float[Array, "d d"],
    q: Float[Array, " d"],
) -> Float[Array, " d"]:
    r"""Attention of one head, a = X^T softmax(X W q): the mean token.

    arXiv:2601.16514, equation (2).

    Formula:
        \sum_{t} {P}^{t} {X}^{t k}

    where
        {P}^{t} = \mathrm{softmax}_{t}\left(\sum_{i,j} {W}^{i j} {X}^{t i} {q}^{j}\right)
    """
    Wq = W @ q
    XWq = X @ Wq
    P = jax.nn.softmax(XWq, axis=0)
    t1 = jnp.einsum("a,ab->b", P, X)
    return t1


def head_covariance(
    X: Float[Array, "T d"],
    W: Float[Array, "d d"],
    q: Float[Array, " d"],
) -> Float[Array, "d d"]:
    r"""Covariance M of the tokens under the weights of the softmax.

    arXiv:2601.16514, Lemma 1; derived as the Hessian of log sum_t exp(X_t . W q).

    Formula:
        \sum_{i} {P}^{i} {X}^{i k} {X}^{i l} - \sum_{i,j} {P}^{i} {P}^{j} {X}^{i k} {X}^{j l}

    where
        {P}^{t} = \mathrm{softmax}_{t}\left(\sum_{i,j} {W}^{i j} {X}^{t i} {q}^{j}\right)
    """
    Wq = W @ q
    XWq = X @ Wq
    P = jax.nn.softmax(XWq, axis=0)
    t1 = jnp.einsum("a,ab->b", P, X)
    t2 = t1[:, None] * t1
    t3 = X * P[:, None]
    t4 = t3.T @ X
    return -t2 + t4.T


def third_cumulant(
    X: Float[Array, "T d"],
    W: Float[Array, "d d"],
    q: Float[Array, " d"],
    U: Float[Array, " d"],
    w: Float[Array, "d d"],
) -> Float[Array, ""]:
    r"""Third cumulant of the tokens along U, xi, xi with xi = w q.

    Derived here: the third derivative of log sum_t exp(X_t . W q).

    Formula:
        \sum_{t} {P}^{t} {by_{U}}^{t} \left({by_{\xi}}^{t}\right)^{2}

    where
        {P}^{t} = \mathrm{softmax}_{t}\left(\sum_{i,j} {W}^{i j} {X}^{t i} {q}^{j}\right)

    where
        {a}^{k} = \sum_{t} {P}^{t} {X}^{t k}

    where
        {\xi}^{k} = \sum_{l} {q}^{l} {w}^{k l}

    where
        {by_{U}}^{t} = \sum_{k} \left({X}^{t k} - {a}^{k}\right) {U}^{k}

    where
        {by_{\xi}}^{t} = \sum_{k} \left({X}^{t k} - {a}^{k}\right) {\xi}^{k}
    """
    Wq = W @ q
    XWq = X @ Wq
    P = jax.nn.softmax(XWq, axis=0)
    t1 = jnp.einsum("a,ab->b", P, X)
    a = t1
    wq = w @ q
    xi = wq
    Ua = U @ a
    XU = X @ U
    by_U = -Ua + XU
    axi = a @ xi
    Xxi = X @ xi
    by_xi = Xxi - axi
    t2 = by_xi * by_xi
    t3 = P * by_U
    t4 = t2 @ t3
    return t4


def features(
    X: Float[Array, "T d"],
    W: Float[Array, "d d"],
    q: Float[Array, " d"],
    U: Float[Array, " d"],
) -> tuple[Float[Array, ""], Float[Array, " d"], Float[Array, "d d"]]:
    r"""Random features of one head, activation tanh: value, gradients in U and in W.

    arXiv:2601.16514, Lemma 1: the gradient in W is sigma' (M U) q^T; the Jacobian of the
    softmax is never formed.

    Formula:
        \tanh{\left(z \right)}

    Formula:
        \left(1 - \tanh^{2}{\left(z \right)}\right) {a}^{k}

    Formula:
        \left(1 - \tanh^{2}{\left(z \right)}\right) {M_{U}}^{k} {q}^{l}

    where
        {P}^{t} = \mathrm{softmax}_{t}\left(\sum_{i,j} {W}^{i j} {X}^{t i} {q}^{j}\right)

    where
        {a}^{k} = \sum_{t} {P}^{t} {X}^{t k}

    where
        z = \sum_{k} {U}^{k} {a}^{k}

    where
        {by_{U}}^{t} = \sum_{k} \left({X}^{t k} - {a}^{k}\right) {U}^{k}

    where
        {M_{U}}^{k} = \sum_{t} {P}^{t} {X}^{t k} {by_{U}}^{t}
    """
    Wq = W @ q
    XWq = X @ Wq
    P = jax.nn.softmax(XWq, axis=0)
    t1 = jnp.einsum("a,ab->b", P, X)
    a = t1
    Ua = U @ a
    z = Ua
    XU = X @ U
    by_U = -Ua + XU
    t2 = P * by_U
    t3 = jnp.einsum("a,ab->b", t2, X)
    M_U = t3
    t4 = M_U[:, None] * q
    return _tanh(z), a*_sech(z)**2, t4*_sech(z)**2


def head_curvature(
    X: Float[Array, "T d"],
    W: Float[Array, "d d"],
    q: Float[Array, " d"],
    U: Float[Array, " d"],
    u: Float[Array, " d"],
    w: Float[Array, "d d"],
) -> Float[Array, ""]:
    r"""Second derivative of tanh(U . a(W q)) along (u, w).

    Derived here: sigma'' <g, (u, w)>^2 + sigma' (2 u^T M xi + third cumulant).

    Formula:
        \left(\tanh^{2}{\left(z \right)} - 1\right) \left(- \sum_{t} {P}^{t} {by_{U}}^{t}
        \left({by_{\xi}}^{t}\right)^{2} - 2 \sum_{t} {P}^{t} {by_{u}}^{t} {by_{\xi}}^{t}\right)
        + 2 \left(\tanh^{2}{\left(z \right)} - 1\right) \tanh{\left(z \right)} \left(\sum_{k}
        {a}^{k} {u}^{k} + \sum_{t} {P}^{t} {by_{U}}^{t} {by_{\xi}}^{t}\right)^{2}

    where
        {P}^{t} = \mathrm{softmax}_{t}\left(\sum_{i,j} {W}^{i j} {X}^{t i} {q}^{j}\right)

    where
        {a}^{k} = \sum_{t} {P}^{t} {X}^{t k}

    where
        z = \sum_{k} {U}^{k} {a}^{k}

    where
        {\xi}^{k} = \sum_{l} {q}^{l} {w}^{k l}

    where
        {by_{U}}^{t} = \sum_{k} \left({X}^{t k} - {a}^{k}\right) {U}^{k}

    where
        {by_{u}}^{t} = \sum_{k} \left({X}^{t k} - {a}^{k}\right) {u}^{k}

    where
        {by_{\xi}}^{t} = \sum_{k} \left({X}^{t k} - {a}^{k}\right) {\xi}^{k}
    """
    Wq = W @ q
    XWq = X @ Wq
    P = jax.nn.softmax(XWq, axis=0)
    t1 = jnp.einsum("a,ab->b", P, X)
    a = t1
    Ua = U @ a
    z = Ua
    wq = w @ q
    xi = wq
    XU = X @ U
    by_U = -Ua + XU
    au = a @ u
    Xu = X @ u
    by_u = Xu - au
    axi = a @ xi
    Xxi = X @ xi
    by_xi = Xxi - axi
    t2 = P * by_u
    t3 = t2 @ by_xi
    t4 = by_xi * by_xi
    t5 = P * by_U
    t6 = t4 @ t5
    t7 = t5 @ by_xi
    t8 = jnp.einsum(",->", t7, t7)
    t9 = jnp.einsum(",->", au, au)
    t10 = jnp.einsum(",->", au, t7)
    return (
        -4*t10*_sech(z)**2*_tanh(z) + 2*t3*_sech(z)**2 + t6*_sech(z)**2 + 2*(-t8 -
        t9)*_sech(z)**2*_tanh(z)
    )


def erf_kernel_given_weights(
    a: Float[Array, " d"],
    a2: Float[Array, " d"],
    M: Float[Array, "d d"],
    M2: Float[Array, "d d"],
    q: Float[Array, " d"],
    q2: Float[Array, " d"],
) -> Float[Array, ""]:
    r"""Tangent kernel K_c + K_u + K_w of two inputs given W, mean over U, activation erf.

    arXiv:2601.16514, Lemma 4; closed form derived here: a, a2 are the attention of two inputs,
    M, M2 their token covariances, q, q2 their queries.

    Formula:
        \frac{2 \arcsin{\left(\frac{2 \mathrm{ab}}{\sqrt{\left(2 \mathrm{aa} + 1\right) \left(2
        \mathrm{bb} + 1\right)}} \right)}}{\pi} + \frac{4}{\pi \sqrt{\Delta}} \left(\mathrm{ab}
        + \mathrm{queries} \left(\sum_{i,j} {M_{2}}^{i j} {M}^{i j} + \frac{4 \mathrm{ab}
        \sum_{i,j,k} {M_{2}}^{i j} {M}^{i k} {a_{2}}^{j} {a}^{k}}{\Delta} + \frac{4 \mathrm{ab}
        \sum_{i,j,k} {M_{2}}^{i j} {M}^{i k} {a_{2}}^{k} {a}^{j}}{\Delta} - \frac{2 \left(2
        \mathrm{aa} + 1\right) \sum_{i,j,k} {M_{2}}^{i j} {M}^{i k} {a_{2}}^{j}
        {a_{2}}^{k}}{\Delta} - \frac{2 \left(2 \mathrm{bb} + 1\right) \sum_{i,j,k} {M_{2}}^{i j}
        {M}^{i k} {a}^{j} {a}^{k}}{\Delta}\right)\right)

    where
        \mathrm{aa} = \sum_{i} \left({a}^{i}\right)^{2}

    where
        \mathrm{bb} = \sum_{i} \left({a_{2}}^{i}\right)^{2}

    where
        \mathrm{ab} = \sum_{i} {a_{2}}^{i} {a}^{i}

    where
        \mathrm{queries} = \sum_{i} {q_{2}}^{i} {q}^{i}

    where
        \Delta = \left(2 \mathrm{aa} + 1\right) \left(2 \mathrm{bb} + 1\right) - 4
        \mathrm{ab}^{2}
    """
    t1 = a @ a
    aa = t1
    t2 = a2 @ a2
    bb = t2
    t3 = a @ a2
    ab = t3
    t4 = q @ q2
    queries = t4
    D = -4*ab**2 + (2*aa + 1)*(2*bb + 1)
    t5 = M2 @ a2
    t6 = M @ a2
    t7 = t5 @ t6
    t8 = M2 @ a
    Ma = M @ a
    t9 = Ma @ t8
    t10 = t6 @ t8
    t11 = Ma @ t5
    t12 = jnp.einsum("ab,ab->", M, M2)
    return (
        2*jnp.arcsin(2*ab/jnp.sqrt((2*aa + 1)*(2*bb + 1)))/jnp.pi + 4*ab/(jnp.pi*jnp.sqrt(D)) +
        4*queries*t12/(jnp.pi*jnp.sqrt(D)) + 16*ab*queries*(t10 + t11)/(jnp.pi*D**(3/2)) -
        8*queries*t7*(2*aa + 1)/(jnp.pi*D**(3/2)) - 8*queries*t9*(2*bb + 1)/(jnp.pi*D**(3/2))
    )


def approximation_bound(n: Scalar, m: Scalar, delta: Scalar, b: Scalar) -> Float[Array, ""]:
    r"""Approximation error at the transported point, with probability 1 - delta.

    arXiv:2601.16514, Lemma 5 for n samples and m heads; the constant 4 is derived here for m/2
    independent pairs (the paper has 2 sqrt(2)); b = sigma0 nu_c + sigma1 (nu_u + nu_w).

    Formula:
        \frac{4 b \sqrt{\log{\left(\frac{2 n}{\delta} \right)}}}{\sqrt{m}}
    """
    n, m, delta, b = (1.0 * jnp.asarray(a) for a in (n, m, delta, b))
    return 4*b*jnp.sqrt(jnp.log(2*n/delta))/jnp.sqrt(m)


def required_width(n: Scalar, epsilon: Scalar, delta: Scalar, b: Scalar) -> Float[Array, ""]:
    r"""Smallest number of heads whose approximation bound is at most epsilon.

    arXiv:2601.16514, Lemma 5, solved for m; logarithmic in the number n of samples.

    Formula:
        \left\lceil{\frac{16 b^{2} \log{\left(\frac{2 n}{\delta}
        \right)}}{\epsilon^{2}}}\right\rceil
    """
    n, epsilon, delta, b = (1.0 * jnp.asarray(a) for a in (n, epsilon, delta, b))
    return jnp.ceil(16*b**2*jnp.log(2*n/delta)/epsilon**2)


def linearization_bound(
    m: Scalar,
    d: Scalar,
    delta: Scalar,
    rho_c: Scalar,
    rho_u: Scalar,
    rho_w: Scalar,
    sigma1: Scalar,
    sigma2: Scalar,
) -> Float[Array, ""]:
    r"""Linearisation error over the projection set, with probability 1 - delta.

    arXiv:2601.16514, Lemmas 2 and 3 with the paper's constants; B bounds the norms of all U.

    Formula:
        \frac{\rho_{c} \sigma_{1} \sqrt{\rho_{u}^{2} + \rho_{w}^{2}} \sqrt{\left(\sqrt{d} +
        \sqrt{2} \sqrt{\log{\left(\frac{m}{2 \delta} \right)}} +
        \frac{\rho_{u}}{\sqrt{m}}\right)^{2} + 1} + \left(\rho_{u}^{2} + \rho_{w}^{2}\right)
        \left(8 \sigma_{1} \sqrt{\left(\sqrt{d} + \sqrt{2} \sqrt{\log{\left(\frac{m}{2 \delta}
        \right)}} + \frac{\rho_{u}}{\sqrt{m}}\right)^{2} + 1} + \sigma_{2} \left(\left(\sqrt{d}
        + \sqrt{2} \sqrt{\log{\left(\frac{m}{2 \delta} \right)}} +
        \frac{\rho_{u}}{\sqrt{m}}\right)^{2} + 1\right)\right)}{\sqrt{m}}
    """
    m, d, delta, rho_c, rho_u, rho_w, sigma1, sigma2 = (
        1.0 * jnp.asarray(a)
        for a in (m, d, delta, rho_c, rho_u, rho_w, sigma1, sigma2)
    )
    return (
        (rho_c*sigma1*jnp.sqrt(rho_u**2 + rho_w**2)*jnp.sqrt((jnp.sqrt(d) +
        jnp.sqrt(2)*jnp.sqrt(jnp.log(m/(2*delta))) + rho_u/jnp.sqrt(m))**2 + 1) + (rho_u**2 +
        rho_w**2)*(8*sigma1*jnp.sqrt((jnp.sqrt(d) + jnp.sqrt(2)*jnp.sqrt(jnp.log(m/(2*delta))) +
        rho_u/jnp.sqrt(m))**2 + 1) + sigma2*((jnp.sqrt(d) +
        jnp.sqrt(2)*jnp.sqrt(jnp.log(m/(2*delta))) + rho_u/jnp.sqrt(m))**2 + 1)))/jnp.sqrt(m)
    )


def sharp_linearization_bound(
    m: Scalar,
    B: Scalar,
    rho_c: Scalar,
    rho_u: Scalar,
    rho_w: Scalar,
    sigma1: Scalar,
    sigma2: Scalar,
) -> Float[Array, ""]:
    r"""Linearisation error over the projection set, for |U| <= B.

    Derived here: constants below the paper's, and the 1/2 of Taylor's theorem.

    Formula:
        \frac{\rho_{c} \sigma_{1} \sqrt{\rho_{u}^{2} + \rho_{w}^{2}} \max\left(1, B\right) +
        \left(\rho_{u}^{2} + \rho_{w}^{2}\right) \left(\frac{\sigma_{1} \left(\frac{4 \sqrt{3}
        B}{9} + \sqrt{\frac{16 B^{2}}{27} + 4}\right)}{4} + \frac{\sigma_{2} \max\left(1,
        B^{2}\right)}{2}\right)}{\sqrt{m}}
    """
    m, B, rho_c, rho_u, rho_w, sigma1, sigma2 = (
        1.0 * jnp.asarray(a)
        for a in (m, B, rho_c, rho_u, rho_w, sigma1, sigma2)
    )
    return (
        (rho_c*sigma1*jnp.sqrt(rho_u**2 + rho_w**2)*jnp.maximum(1, B) + (rho_u**2 +
        rho_w**2)*(sigma1*(4*jnp.sqrt(3)*B/9 + jnp.sqrt(16*B**2/27 + 4))/4 +
        sigma2*jnp.maximum(1, B**2)/2))/jnp.sqrt(m)
    )


def lipschitz_constant(B: Scalar, sigma1: Scalar) -> Float[Array, ""]:
    r"""Largest gradient of a head for |U| <= B, for every number of tokens.

    Derived here; the paper has sigma1 sqrt(1 + B^2).

    Formula:
        \sigma_{1} \max\left(1, B\right)
    """
    B, sigma1 = (1.0 * jnp.asarray(a) for a in (B, sigma1))
    return sigma1*jnp.maximum(1, B)


def smoothness_constant(B: Scalar, sigma1: Scalar, sigma2: Scalar) -> Float[Array, ""]:
    r"""Bound of the second derivative of a head for |U| <= B, for every number of tokens.

    Derived here, not attained; the paper has sigma2 (1 + B^2) + 8 sigma1 sqrt(1 + B^2).

    Formula:
        \frac{\sigma_{1} \left(\frac{4 \sqrt{3} B}{9} + \sqrt{\frac{16 B^{2}}{27} +
        4}\right)}{2} + \sigma_{2} \max\left(1, B^{2}\right)
    """
    B, sigma1, sigma2 = (1.0 * jnp.asarray(a) for a in (B, sigma1, sigma2))
    return sigma1*(4*jnp.sqrt(3)*B/9 + jnp.sqrt(16*B**2/27 + 4))/2 + sigma2*jnp.maximum(1, B**2)


def certificate(
    distance2: Scalar,
    eta_s: Scalar,
    steps: Scalar,
    defect2: Scalar,
) -> Float[Array, ""]:
    r"""Bound of the mean loss over a run of projected gradient descent.

    Derived here, for steps of at most 1 / (4 Gamma^2); distance2 to the comparison point,
    defect2 the mean square of <grad f_j, phi - star> - r_j, over the run.

    Formula:
        2 \delta^2 + \frac{D_0^2}{\eta_{s} \mathrm{steps}}
    """
    distance2, eta_s, steps, defect2 = (
        1.0 * jnp.asarray(a)
        for a in (distance2, eta_s, steps, defect2)
    )
    return 2*defect2 + distance2/(eta_s*steps)


def training_bound(
    distance2: Scalar,
    R: Scalar,
    Gamma: Scalar,
    steps: Scalar,
    worst: Scalar,
) -> Float[Array, ""]:
    r"""Bound of the mean loss over a run at step 1 / sqrt(steps): Theorem 1.

    arXiv:2601.16514, Theorem 1, with constants: R = sup |f - y|, Gamma = sup |grad f|, worst
    the sum of the approximation, linearisation and change-of-features errors.

    Formula:
        R \mathrm{worst} + \frac{\Gamma^{2} R^{2} + \frac{D_0^2}{4}}{\sqrt{\mathrm{steps}}}
    """
    distance2, R, Gamma, steps, worst = (
        1.0 * jnp.asarray(a)
        for a in (distance2, R, Gamma, steps, worst)
    )
    return R*worst + (Gamma**2*R**2 + distance2/4)/jnp.sqrt(steps)


def residual_step(
    K: Float[Array, "n n"],
    r: Float[Array, " n"],
    eta_s: Scalar,
) -> Float[Array, " n"]:
    r"""Residuals at the samples after one step of gradient descent on the linearisation.

    Derived here, from the model and the loss; K is the tangent kernel at the samples.

    Formula:
        {r}^{j} - \frac{2 \eta_{s}}{n} \sum_{g} {K}^{g j} {r}^{g}
    """
    n = K.shape[0]
    eta_s = 1.0 * jnp.asarray(eta_s)
    Kr = K @ r
    return -2*Kr*eta_s/n + r


def recurrent_step(
    h: Scalar,
    gradient: Scalar,
    w: Scalar,
    z: Scalar,
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    r"""State of a recurrent head and its derivative in w, after one more token.

    The contrast: h_t = tanh(w h_(t-1) + z_t); derived from the model.

    Formula:
        \tanh{\left(h \omega + z \right)}

    Formula:
        \left(1 - \tanh^{2}{\left(h \omega + z \right)}\right) \left(\mathrm{gradient} \omega +
        h\right)
    """
    h, gradient, w, z = (1.0 * jnp.asarray(a) for a in (h, gradient, w, z))
    return _tanh(h*w + z), (gradient*w + h)*_sech(h*w + z)**2


def kick_and_cancel_gradient(w: Scalar, norm: Scalar, length: Scalar) -> Float[Array, ""]:
    r"""Derivative in w of a recurrent head for inputs that cancel its state after one token.

    Derived here; |w| > 1 makes it exponential in the length.

    Formula:
        \omega^{\mathrm{length} - 2} \tanh{\left(\mathrm{norm} \right)}
    """
    w, norm, length = (1.0 * jnp.asarray(a) for a in (w, norm, length))
    return w**(length - 2)*_tanh(norm)
