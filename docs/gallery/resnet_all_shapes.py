r"""A ResNet of $M$ units a layer, branch $1/(L M)$: ODE, $b = E \phi$."""

import verilimit as vl

M = vl.sizes("M")
a, s = vl.positive("a s")
x = vl.state("x")
xi = vl.gaussian("xi", M)
units = a * vl.sin(x) * (1 + s * xi)
layer = vl.Layer(
    "ResNet of all shapes",
    step={x: x + vl.sum(units) / (vl.N * M)},
    watch={"x": x},
    scaling={M: vl.N},
    steps=vl.N,
    at={a: 1, s: 1, "x": 0.5},
    expect={"regime": "ODE", "x": {"drift": 0.479425538604}},
)
