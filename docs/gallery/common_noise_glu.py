"""A random GLU as common noise on the sphere: synchronises if and only if $d < 5$."""

import verilimit as vl

tokens, d, width = vl.sizes("tokens d width")
x = vl.state("x", tokens, d)
U1, U2 = vl.gaussian("U1", d, width), vl.gaussian("U2", d, width)
W = vl.gaussian("W", width, d)
field = ((x @ U1) * (x @ U2)) @ W / (d * vl.sqrt(width))
layer = vl.Layer(
    "GLU as common noise",
    step={x: vl.unit(x + field / vl.sqrt(vl.N))},
    watch={"R": x @ x.T},
    scaling={d: d, width: width},
    steps=vl.N,
    at={d: 3, "R": [[1, 0.3], [0.3, 1]]},
    expect={"regime": "SDE"},
)
