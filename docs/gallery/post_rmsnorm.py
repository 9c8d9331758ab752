"""RMSNorm after a smooth shaped MLP: an SDE of correlations."""

import verilimit as vl

m, n, f = vl.sizes("m n f")
gamma, a, phi = vl.positive("gamma a phi")
X = vl.state("X", m, n)
W1, W2 = vl.gaussian("W1", n, f), vl.gaussian("W2", f, n)
s = a * vl.sqrt(n)
hidden = s * 2 * (vl.softplus(X @ W1 / vl.sqrt(n) / s) - vl.log(2))
branch = hidden @ W2 / vl.sqrt(f)
layer = vl.Layer(
    "post-RMSNorm",
    step={X: vl.rms_norm(vl.sqrt(1 - gamma**2) * X + gamma * branch)},
    watch={"rho": X @ X.T / n},
    scaling={n: vl.N, f: phi * vl.N},
    steps=vl.N,
    at={gamma: 0.8, a: 0.7, phi: 1.5, "rho": [[1, 0.2], [0.2, 1]]},
    expect={"regime": "SDE"},
)
