r"""Online linear regression, step $c/\sqrt{n}$: UNSTABLE, mean $c^2 (r + \sigma^2)$ a step."""

import verilimit as vl

n = vl.sizes("n")
c, sigma = vl.positive("c sigma")
e = vl.state("e", n)
a, noise = vl.data("a", n), vl.gaussian("xi")
layer = vl.Layer(
    "online regression, large step",
    step={e: e - c / vl.sqrt(n) * (a @ e - sigma * noise) * a},
    watch={"r": e @ e},
    scaling={n: vl.N},
    steps=vl.N,
    at={c: 0.5, sigma: 1, "r": 2},
    expect={"regime": "UNSTABLE", "r": {"drift": 0.75}},
)
