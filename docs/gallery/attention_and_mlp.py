"""Parallel shaped attention and shaped MLP: one SDE."""

import verilimit as vl

m, n, k, f = vl.sizes("m n n_k f")
g1, g2, tau, a, phi = vl.positive("g1 g2 tau0 a phi")
X = vl.state("X", m, n)
WQ, WK, W = vl.gaussian("WQ", n, k), vl.gaussian("WK", n, k), vl.gaussian("W", n, n)
W1, W2 = vl.gaussian("W1", n, f), vl.gaussian("W2", f, n)
A = vl.softmax(X @ WQ @ (X @ WK).T / n / (tau * vl.sqrt(n * k)))
mixed = X + A @ X - vl.mean(X, 0, keepdims=True)
s = a * vl.sqrt(n)
hidden = s * vl.tanh(X @ W1 / vl.sqrt(n) / s)
branches = g1 * mixed @ W / vl.sqrt(n) + g2 * hidden @ W2 / vl.sqrt(f)
layer = vl.Layer(
    "parallel attention and MLP",
    step={X: vl.sqrt(1 - g1**2 - g2**2) * X + branches},
    watch={"V": X @ X.T / n},
    scaling={n: vl.N, k: vl.N, f: phi * vl.N},
    steps=vl.N,
    at={g1: 0.5, g2: 0.6, tau: 0.7, a: 0.7, phi: 1.5, "V": [[1, 0.2], [0.2, 0.8]]},
    expect={"regime": "SDE"},
)
