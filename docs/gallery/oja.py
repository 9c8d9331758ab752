"""Oja's rule for a spiked covariance, step $c/n$: ODE."""

import verilimit as vl

n = vl.sizes("n")
c, lam = vl.positive("c lam")
x = vl.state("x", n)
v = vl.fixed("v", n, unit=True)
y = vl.data("z", n) + vl.sqrt(lam) * vl.gaussian("s") * v
u = y @ x
layer = vl.Layer(
    "Oja's rule",
    step={x: x + c / n * u * (y - u * x)},
    watch={"m": x @ v, "q": x @ x},
    scaling={n: vl.N},
    steps=vl.N,
    at={c: 0.5, lam: 2, "m": 0.4, "q": 0.9},
    expect={"regime": "ODE"},
)
