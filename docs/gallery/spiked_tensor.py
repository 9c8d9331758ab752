r"""A spiked 3-tensor, loss $|Y - x \otimes x \otimes x|^2$, step $c/n$: ODE."""

import verilimit as vl

n = vl.sizes("n")
c, lam = vl.positive("c lam")
x = vl.state("x", n)
v = vl.fixed("v", n, unit=True)
noise = vl.gaussian("T", n, n, n)
loss = vl.sum((lam * vl.outer(v, v, v) + noise - vl.outer(x, x, x)) ** 2)
layer = vl.Layer(
    "spiked tensor",
    step={x: vl.gradient_flow(loss, x, c / n)},
    watch={"m": x @ v, "q": x @ x},
    scaling={n: vl.N},
    steps=vl.N,
    at={c: 0.1, lam: 2, "m": 0.4, "q": 0.9},
    expect={"regime": "ODE"},
)
