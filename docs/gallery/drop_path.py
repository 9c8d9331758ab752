"""Drop path with keep probability $c/L$: JUMPS, no diffusion."""

import verilimit as vl

c, theta = vl.positive("c theta")
x = vl.state("x")
kept = vl.bernoulli("kept", p=c / vl.N)
layer = vl.Layer(
    "drop path",
    step={x: x + theta * kept * x},
    watch={"x": x},
    steps=vl.N,
    at={c: 1, theta: 0.5, "x": 1},
    expect={"regime": "JUMPS"},
)
