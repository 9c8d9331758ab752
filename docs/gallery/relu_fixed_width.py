r"""A ReLU residual net at fixed width, depth $\to \infty$: NOT CLOSED in $|x|^2$."""

import verilimit as vl

n = vl.sizes("n")
x = vl.state("x", n)
W = vl.gaussian("W", n, n)
layer = vl.Layer(
    "ReLU residual net at fixed width",
    step={x: x + W @ vl.relu(x) / vl.sqrt(n) / vl.sqrt(vl.N)},
    watch={"q": x @ x},
    scaling={n: n},
    steps=vl.N,
    expect={"regime": "NOT CLOSED"},
)
