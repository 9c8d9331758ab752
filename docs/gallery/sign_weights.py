r"""Deep linear net with weights $\pm 1$: as with Gaussian ones, where states are delocalised."""

import verilimit as vl

m, n = vl.sizes("m n")
X = vl.state("X", m, n)
W = vl.independent("W", n, n, cumulants=[0, 1, 0, -2])
layer = vl.Layer(
    "sign weights",
    step={X: X @ W / vl.sqrt(n)},
    watch={"V": X @ X.T / n},
    scaling={n: vl.N},
    steps=vl.N,
    at={"V": [[1.5]]},
    expect={"regime": "SDE WITHOUT DRIFT", "V": {"drift": [[0]], "covariance": [[[[4.5]]]]}},
)
