"""A ResNet with centred outer weights: TRIVIAL, moves only over $N^3$ steps."""

import verilimit as vl

M = vl.sizes("M")
x = vl.state("x")
outer, inner = vl.gaussian("outer", M), vl.gaussian("inner", M)
layer = vl.Layer(
    "centred ResNet",
    step={x: x + vl.sum(outer * vl.tanh(inner * x)) / (vl.N * M)},
    watch={"x": x},
    scaling={M: vl.N},
    steps=vl.N,
    at={"x": 0.5},
    expect={"regime": "TRIVIAL", "x": {"drift": 0}},
)
