"""Online linear regression, step $c/n$: ODE, with its fluctuation."""

import verilimit as vl

n = vl.sizes("n")
c, sigma = vl.positive("c sigma")
e = vl.state("e", n)
a, noise = vl.data("a", n), vl.gaussian("xi")
layer = vl.Layer(
    "online regression",
    step={e: e - c / n * (a @ e - sigma * noise) * a},
    watch={"r": e @ e},
    scaling={n: vl.N},
    steps=vl.N,
    at={c: 0.5, sigma: 1, "r": 2},
    expect={"regime": "ODE", "r": {"drift": -1.25}},
)
