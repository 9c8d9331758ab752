r"""A smooth shaped activation $s \phi(x/s)$, $s = a \sqrt{n}$, in a residual MLP: SDE."""

import verilimit as vl

m, n, f = vl.sizes("m n f")
gamma, a, phi = vl.positive("gamma a phi")
X = vl.state("X", m, n)
W1, W2 = vl.gaussian("W1", n, f), vl.gaussian("W2", f, n)
s = a * vl.sqrt(n)
hidden = s * vl.tanh(X @ W1 / vl.sqrt(n) / s)
layer = vl.Layer(
    "smooth shaped MLP",
    step={X: vl.sqrt(1 - gamma**2) * X + gamma * hidden @ W2 / vl.sqrt(f)},
    watch={"V": X @ X.T / n},
    scaling={n: vl.N, f: phi * vl.N},
    steps=vl.N,
    at={gamma: 0.5, a: 1, phi: 1.5, "V": [[1.3, 0.6], [0.6, 0.35]]},
    expect={
        "regime": "SDE",  # -gamma^2 V_ab (V_aa + V_bb) / a^2
        "V": {"drift": [[-0.845, -0.2475], [-0.2475, -0.06125]]},
    },
)
