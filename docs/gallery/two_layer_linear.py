"""A mean-field two-layer linear net: the moments $f$ and $S$ close."""

import verilimit as vl

M = vl.sizes("M")
a, w = vl.state("a", M), vl.state("w", M)
loss = (vl.mean(a * w) - 1) ** 2 / 2
layer = vl.Layer(
    "two-layer linear net",
    step={a: vl.gradient_flow(loss, a, M / vl.N), w: vl.gradient_flow(loss, w, M / vl.N)},
    watch={"f": vl.mean(a * w), "S": vl.mean(a**2 + w**2)},
    scaling={M: vl.N},
    steps=vl.N,
    at={"f": 0.3, "S": 1.2},
    expect={"regime": "ODE", "f": {"drift": 0.84}, "S": {"drift": 0.84}},
)
