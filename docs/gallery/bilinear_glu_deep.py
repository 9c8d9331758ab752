r"""The bilinear GLU with branch $\gamma/\sqrt{L}$, $L = n$: an ODE that explodes."""

import verilimit as vl

m, n, f = vl.sizes("m n f")
gamma = vl.positive("gamma")
X = vl.state("X", m, n)
Wg, Wu, W = vl.gaussian("Wg", n, f), vl.gaussian("Wu", n, f), vl.gaussian("W", f, n)
hidden = (X @ Wu) * (X @ Wg) / n
layer = vl.Layer(
    "bilinear GLU, small branch",
    step={X: X + gamma / vl.sqrt(vl.N) * hidden @ W / vl.sqrt(f)},
    watch={"V": X @ X.T / n},
    scaling={n: vl.N, f: vl.N},
    steps=vl.N,
    at={gamma: 0.5, "V": [[1, 0.7], [0.7, 1]]},
    expect={"regime": "ODE", "V": {"drift": [[0.25, 0.1225], [0.1225, 0.25]]}},
)
