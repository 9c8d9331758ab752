"""Shaped attention with QK-norm: an SDE that depends on the head size $n_k = 2$."""

import verilimit as vl

m, n, k = vl.sizes("m n n_k")
gamma, tau = vl.positive("gamma tau0")
X = vl.state("X", m, n)
WQ, WK, W = vl.gaussian("WQ", n, k), vl.gaussian("WK", n, k), vl.gaussian("W", n, n)
logits = vl.sqrt(k) * vl.unit(X @ WQ) @ vl.unit(X @ WK).T
A = vl.softmax(logits / (tau * vl.sqrt(n)))
mixed = X + A @ X - vl.mean(X, 0, keepdims=True)
layer = vl.Layer(
    "shaped attention with QK-norm",
    step={X: vl.sqrt(1 - gamma**2) * X + gamma * mixed @ W / vl.sqrt(n)},
    watch={"V": X @ X.T / n},
    scaling={n: vl.N, k: 2},
    steps=vl.N,
    at={gamma: 0.8, tau: 0.7, k: 2, "V": [[1, 0.2, 0.1], [0.2, 0.8, -0.1], [0.1, -0.1, 1.3]]},
    expect={
        "regime": "SDE",
        "V": {
            "drift": [
                [0.241100, 0.027338, 0.022396],
                [0.027338, 0.267276, -0.004762],
                [0.022396, -0.004762, 0.316796],
            ]
        },
    },
)
