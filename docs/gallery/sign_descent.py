"""Sign descent without noise: ILL-POSED where the gradient vanishes."""

import verilimit as vl

c = vl.positive("c")
x = vl.state("x")
layer = vl.Layer(
    "sign descent",
    step={x: x - c / vl.N * vl.sign(x)},
    watch={"x": x},
    steps=vl.N,
    at={c: 1, "x": 0.5},
    expect={"regime": "ILL-POSED"},
)
