"""A gated MLP whose gate is near one: SDE, the drift exact at every width."""

import verilimit as vl

m, n, f = vl.sizes("m n f")
gamma, a, phi = vl.positive("gamma a phi")
X = vl.state("X", m, n)
Wg, Wu, W = vl.gaussian("Wg", n, f), vl.gaussian("Wu", n, f), vl.gaussian("W", f, n)
gate = 1 + X @ Wg / vl.sqrt(n) / (a * vl.sqrt(n))
hidden = (X @ Wu / vl.sqrt(n)) * gate
layer = vl.Layer(
    "gated MLP, gate near one",
    step={X: vl.sqrt(1 - gamma**2) * X + gamma * hidden @ W / vl.sqrt(f)},
    watch={"V": X @ X.T / n},
    scaling={n: vl.N, f: phi * vl.N},
    steps=vl.N,
    at={gamma: 0.7, a: 0.8, phi: 1.5, "V": [[1, 0.2, 0.1], [0.2, 0.8, -0.1], [0.1, -0.1, 1.3]]},
    expect={
        "regime": "SDE",
        "V": {
            "drift": [
                [0.765625, 0.030625, 0.00765625],
                [0.030625, 0.49, 0.00765625],
                [0.00765625, 0.00765625, 1.29390625],
            ]
        },
    },
)
