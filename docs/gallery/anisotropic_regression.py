"""Regression with anisotropic data, watched by $|e|^2$: NOT CLOSED, with two states as witness."""

import verilimit as vl

n = vl.sizes("n")
c, sigma = vl.positive("c sigma")
e = vl.state("e", n)
Lambda = vl.fixed("Lambda", n, n, symmetric=True)
a, noise = vl.data("a", n, covariance=Lambda), vl.gaussian("xi")
layer = vl.Layer(
    "anisotropic regression",
    step={e: e - c / n * (a @ e - sigma * noise) * a},
    watch={"r": e @ e},
    scaling={n: vl.N},
    steps=vl.N,
    expect={"regime": "NOT CLOSED"},
)
