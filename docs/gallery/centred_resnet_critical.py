r"""A ResNet with centred outer weights: SDE WITHOUT DRIFT, covariance $E[\phi \phi^\top]$."""

import verilimit as vl

M = vl.sizes("M")
x = vl.state("x")
outer, inner = vl.gaussian("outer", M), vl.gaussian("inner", M)
layer = vl.Layer(
    "centred ResNet",
    step={x: x + vl.sum(outer * vl.tanh(inner * x)) / vl.sqrt(vl.N * M)},
    watch={"x": x},
    scaling={M: vl.N},
    steps=vl.N,
    at={"x": 0.5},
    expect={"regime": "SDE WITHOUT DRIFT", "x": {"drift": 0}},
)
