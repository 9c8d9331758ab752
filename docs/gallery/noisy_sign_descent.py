"""Sign descent with noise in the gradient: an ODE with a smooth drift, an error function."""

import verilimit as vl

c, sigma = vl.positive("c sigma")
x = vl.state("x")
noise = vl.gaussian("xi")
layer = vl.Layer(
    "sign descent with noise",
    step={x: x - c / vl.N * vl.sign(x + sigma * noise)},
    watch={"x": x},
    steps=vl.N,
    at={c: 1, sigma: 0.5, "x": 0.5},
    expect={"regime": "ODE", "x": {"drift": -0.6826894921}},
)
