"""Online phase retrieval, step $c/n$: ODE with the critical-step terms."""

import verilimit as vl

n = vl.sizes("n")
c = vl.positive("c")
x = vl.state("x", n)
v = vl.fixed("v", n, unit=True)
a = vl.data("a", n)
u, w = a @ x, a @ v
layer = vl.Layer(
    "online phase retrieval",
    step={x: vl.gradient_flow((u**2 - w**2) ** 2 / 4, x, c / n)},
    watch={"m": x @ v, "q": x @ x},
    scaling={n: vl.N},
    steps=vl.N,
    at={c: 0.5, "m": 0.4, "q": 0.9},
    expect={"regime": "ODE", "m": {"drift": 0.06}, "q": {"drift": 0.59975}},
)
