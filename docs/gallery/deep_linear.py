r"""A deep linear net, depth as width: SDE without drift; $E V = 1$, the median $\exp(-t)$."""

import verilimit as vl

m, n = vl.sizes("m n")
X = vl.state("X", m, n)
W = vl.gaussian("W", n, n)
layer = vl.Layer(
    "deep linear net",
    step={X: X @ W / vl.sqrt(n)},
    watch={"V": X @ X.T / n},
    scaling={n: vl.N},
    steps=vl.N,
    at={"V": [[1.5]]},
    expect={
        "regime": "SDE WITHOUT DRIFT",
        "V": {"drift": [[0]], "covariance": [[[[4.5]]]]},
    },
)
