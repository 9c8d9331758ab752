"""A bilinear GLU with a fixed branch weight: UNSTABLE, one layer moves $V$ by $O(1)$."""

import verilimit as vl

m, n, f = vl.sizes("m n f")
gamma = vl.positive("gamma")
X = vl.state("X", m, n)
Wg, Wu, W = vl.gaussian("Wg", n, f), vl.gaussian("Wu", n, f), vl.gaussian("W", f, n)
hidden = (X @ Wu) * (X @ Wg) / n
layer = vl.Layer(
    "bilinear GLU",
    step={X: vl.sqrt(1 - gamma**2) * X + gamma * hidden @ W / vl.sqrt(f)},
    watch={"V": X @ X.T / n},
    scaling={n: vl.N, f: vl.N},
    steps=vl.N,
    at={gamma: 0.5, "V": [[1, 0.7], [0.7, 1]]},
    expect={"regime": "UNSTABLE", "V": {"drift": [[0, -0.0525], [-0.0525, 0]]}},
)
