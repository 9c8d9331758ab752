"""Anisotropic regression with two variances, watched block by block: closed, an ODE."""

import verilimit as vl

n1, n2 = vl.sizes("n1 n2")
c, sigma, share, l1, l2 = vl.positive("c sigma share l1 l2")
e1, e2 = vl.state("e1", n1), vl.state("e2", n2)
a1, a2, noise = vl.data("a1", n1), vl.data("a2", n2), vl.gaussian("xi")
error = vl.sqrt(l1) * a1 @ e1 + vl.sqrt(l2) * a2 @ e2 - sigma * noise
layer = vl.Layer(
    "regression with two variances",
    step={
        e1: e1 - c / n1 * error * vl.sqrt(l1) * a1,
        e2: e2 - c / n1 * error * vl.sqrt(l2) * a2,
    },
    watch={"r1": e1 @ e1, "r2": e2 @ e2},
    scaling={n1: vl.N, n2: share * vl.N},
    steps=vl.N,
    at={c: 0.5, sigma: 1, share: 2, l1: 1, l2: 0.5, "r1": 1, "r2": 2},
    expect={"regime": "ODE"},
)
