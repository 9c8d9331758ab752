"""Shaped attention, depth as width: the covariance SDE of Noci et al. 2023."""

import verilimit as vl

m, n, k = vl.sizes("m n n_k")
gamma, tau = vl.positive("gamma tau0")
X = vl.state("X", m, n)
WQ, WK, W = vl.gaussian("WQ", n, k), vl.gaussian("WK", n, k), vl.gaussian("W", n, n)
logits = X @ WQ @ (X @ WK).T / n
A = vl.softmax(logits / (tau * vl.sqrt(n * k)))
mixed = X + A @ X - vl.mean(X, 0, keepdims=True)
layer = vl.Layer(
    "shaped attention",
    step={X: vl.sqrt(1 - gamma**2) * X + gamma * mixed @ W / vl.sqrt(n)},
    watch={"V": X @ X.T / n},
    scaling={n: vl.N, k: vl.N},
    steps=vl.N,
    at={gamma: 0.5**0.5, tau: 1, "V": [[1, 0.2], [0.2, 1]]},
    expect={"regime": "SDE", "V": {"drift": [[0.08, 0.016], [0.016, 0.08]]}},
)
