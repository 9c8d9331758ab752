r"""RMSNorm before a SwiGLU MLP, branch $\gamma/\sqrt{L}$, $L \sim n$: ODE with its fluctuation."""

import verilimit as vl

m, n, f = vl.sizes("m n f")
gamma, phi = vl.positive("gamma phi")
X = vl.state("X", m, n)
W1, W2 = vl.gaussian("W1", n, f), vl.gaussian("W2", f, n)
normal = vl.rms_norm(X)
U = normal @ W1 / vl.sqrt(n)
W3 = vl.gaussian("W3", n, f)
G = normal @ W3 / vl.sqrt(n)
hidden = vl.silu(U) * G
layer = vl.Layer(
    "pre-RMSNorm SwiGLU",
    step={X: X + gamma / vl.sqrt(vl.N) * hidden @ W2 / vl.sqrt(f)},
    watch={"V": X @ X.T / n},
    scaling={n: vl.N, f: phi * vl.N},
    steps=vl.N,
    at={gamma: 0.8, phi: 1.5, "V": [[1, 0.2], [0.2, 0.8]]},
    expect={"regime": "ODE"},
)
