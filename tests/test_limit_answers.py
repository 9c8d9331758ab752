"""Derived limits against formulas that were found by hand, in plain NumPy."""

import numpy as np
import pytest

from tests.gallery import limit_of

V = np.array([[1, 0.2, 0.1], [0.2, 0.8, -0.1], [0.1, -0.1, 1.3]])
R = np.array([[1, 0.3, -0.2], [0.3, 1, 0.4], [-0.2, 0.4, 1]])


def lin(v: np.ndarray) -> np.ndarray:
    return np.einsum("ad,bw->abdw", v, v) + np.einsum("aw,bd->abdw", v, v)


def softmax(x: np.ndarray) -> np.ndarray:
    w = np.exp(x)
    return w / w.sum(axis=-1, keepdims=True)


def test_covariance_of_the_shaped_gated_mlp() -> None:
    g, phi = 0.7, 1.5
    expected = (g**2 * (2 - g**2) + g**4 / phi) * lin(V)
    found = limit_of("shaped_gated_mlp").evaluate("covariance", "V", "V")
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_covariance_of_shaped_attention_at_two_tokens() -> None:
    rho, g = 0.2, 0.5**0.5
    found = limit_of("shaped_attention").evaluate("covariance", "V", "V")
    found = found - g**2 * (2 - g**2) * lin(np.array([[1, rho], [rho, 1]]))
    expected = [(1 - rho) ** 3 / 2, (1 - rho) ** 4 / 4, -rho * (1 - rho) ** 3 / 2]
    entries = [found[0, 0, 0, 0], found[0, 1, 0, 1], found[0, 0, 1, 1]]
    np.testing.assert_allclose(entries, g**4 * np.array(expected), rtol=1e-9)


def shaped_drift(v: np.ndarray, second: float, third: float) -> np.ndarray:
    """phi(x) = x + second x^2 / 2 + third x^3 / 6, shaped by s = sqrt(n)."""
    d = np.diag(v)
    squares = second**2 / 4 * (np.multiply.outer(d, d) + 2 * v**2)
    return squares + third / 2 * v * (d[:, None] + d[None, :])


def test_smooth_shaped_activation() -> None:
    v = np.array([[1.3, 0.6], [0.6, 0.35]])
    found = limit_of("smooth_shaped_mlp").evaluate("drift", "V", at={"V": v, "a": 0.7})
    np.testing.assert_allclose(found, 0.25 * shaped_drift(v, 0, -2) / 0.7**2, rtol=1e-12)


def bracket(r: np.ndarray) -> np.ndarray:
    """The bracket of correlations under the linear noise of a Gram matrix."""
    ad, aw = r[:, None, :, None], r[:, None, None, :]
    bd, bw = r[None, :, :, None], r[None, :, None, :]
    ab, dw = r[:, :, None, None], r[None, None]
    squares = ad**2 + aw**2 + bd**2 + bw**2
    mixed = ab * (ad * aw + bd * bw) + dw * (ad * bd + aw * bw)
    return ad * bw + aw * bd - mixed + ab * dw * squares / 2


def test_correlations_after_rms_norm() -> None:
    g, a, phi = 0.8, 0.7, 1.5
    s2 = g**2 * (2 - g**2) + g**4 / phi
    # The branch is 2 (softplus - log 2) = x + x^2 / 4 + .., so second = 1/2, third = 0.
    b = g**2 / a**2 * shaped_drift(R, 0.5, 0.0)
    d = np.diag(b)
    drift = b - R * (d[:, None] + d[None, :]) / 2 - s2 / 2 * R * (1 - R**2)
    limit = limit_of("post_rmsnorm")
    found = limit.evaluate("drift", "rho", at={"rho": R})
    np.testing.assert_allclose(found, drift, atol=1e-12)
    spread = limit.evaluate("covariance", "rho", "rho", at={"rho": R})
    np.testing.assert_allclose(spread, s2 * bracket(R), atol=1e-12)


def test_random_heads_on_the_sphere() -> None:
    d, beta = 3, 1.0
    A = softmax(beta * R)
    s = A @ R @ A.T
    drift = ((d - 2 + R**2) * s - (d - 1) / 2 * R * np.add.outer(np.diag(s), np.diag(s))) / d
    limit, at = limit_of("random_heads"), {"R": R}
    np.testing.assert_allclose(limit.evaluate("drift", "R", at=at), drift, atol=1e-12)

    def w(p: int, q: int, r: int, t: int) -> float:
        a, b = R[q, t] - R[r, t] * R[q, r], R[p, q] * (R[p, t] - R[r, t] * R[p, r])
        return a - b

    found = limit.evaluate("covariance", "R", "R", at=at)
    for p, q, r, t in np.ndindex(3, 3, 3, 3):
        expected = s[p, r] * w(p, q, r, t) + s[p, t] * w(p, q, t, r)
        expected += s[q, r] * w(q, p, r, t) + s[q, t] * w(q, p, t, r)
        assert found[p, q, r, t] == pytest.approx(expected / d, abs=1e-12)


@pytest.mark.parametrize("d", [3, 4, 5, 6, 8])
def test_a_glu_as_common_noise_synchronises_below_five_dimensions(d: int) -> None:
    limit, near = limit_of("common_noise_glu"), 1e-4
    at = {"d": d, "R": [[1, 1 - near], [1 - near, 1]]}
    drift = limit.evaluate("drift", "R", at=at)[0, 1]
    spread = limit.evaluate("covariance", "R", "R", at=at)[0, 1, 0, 1]
    mean_growth = -drift / near  # of |x - y|^2
    exponent = mean_growth - spread / near**2 / 2  # of its logarithm
    assert mean_growth == pytest.approx((d + 1) / d**2, abs=1e-3)
    assert exponent == pytest.approx((d - 5) / d**2, abs=1e-3)


def test_spiked_matrix_and_its_fluctuation_at_zero_overlap() -> None:
    c, lam, m, q = 0.1, 2.0, 0.4, 0.9
    limit = limit_of("spiked_matrix")
    drifts = [float(limit.evaluate("drift", s)) for s in "mq"]
    expected = [-4 * c * m * (q - lam), -8 * c * (q**2 - lam * m**2 - c * q)]
    np.testing.assert_allclose(drifts, expected, rtol=1e-12)
    at = {"m": 0, "q": q}
    assert limit.fluctuation is not None
    assert float(limit.evaluate("fluctuation", "m", at=at)) == pytest.approx(8 * c**2 * q)


def test_phase_retrieval() -> None:
    c, m, q = 0.5, 0.4, 0.9
    limit = limit_of("phase_retrieval")
    large = 15 * q**3 - 6 * q**2 - 24 * q * m**2 + 3 * q + 12 * m**2
    expected = [3 * c * m * (1 - q), -2 * c * (3 * q**2 - q - 2 * m**2) + c**2 * large]
    found = [float(limit.evaluate("drift", s)) for s in "mq"]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_online_regression_and_its_fluctuation() -> None:
    c, s2, r = 0.5, 1.0, 2.0
    limit = limit_of("online_regression")
    assert float(limit.evaluate("drift", "r")) == pytest.approx(c**2 * (r + s2) - 2 * c * r)
    # Given u = a.e - noise, the increment is -2 c u v / n + c^2 u^2 / n with v = a.e.
    second = 4 * c**2 * (3 * r**2 + r * s2) - 4 * c**3 * (3 * r * (r + s2))
    second += 3 * c**4 * (r + s2) ** 2 - (c**2 * (r + s2) - 2 * c * r) ** 2
    assert float(limit.evaluate("fluctuation", "r")) == pytest.approx(second)


def test_fluctuation_of_a_resnet() -> None:
    limit = limit_of("resnet_all_shapes")
    assert limit.fluctuation is not None
    assert str(limit.fluctuation.scale) == "N"
    assert float(limit.evaluate("fluctuation", "x")) == pytest.approx(np.sin(0.5) ** 2)
