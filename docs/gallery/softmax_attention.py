"""Unshaped softmax with a fixed branch weight, depth as width: UNSTABLE."""

import verilimit as vl

m, n, k = vl.sizes("m n n_k")
gamma = vl.positive("gamma")
X = vl.state("X", m, n)
WQ, WK, W = vl.gaussian("WQ", n, k), vl.gaussian("WK", n, k), vl.gaussian("W", n, n)
A = vl.softmax(X @ WQ @ (X @ WK).T / n / vl.sqrt(k))
layer = vl.Layer(
    "softmax attention",
    step={X: vl.sqrt(1 - gamma**2) * X + gamma * A @ X @ W / vl.sqrt(n)},
    watch={"V": X @ X.T / n},
    scaling={n: vl.N, k: vl.N},
    steps=vl.N,
    at={gamma: 1, "V": [[1.5, -0.3], [-0.3, 1]]},
    expect={
        "regime": "UNSTABLE",  # the drift is E A V A^T - V
        "V": {"drift": [[0.80186 - 1.5, 0.40688 + 0.3], [0.40688 + 0.3, 0.74504 - 1]]},
    },
)
