"""Heavy ball, step $c/n$: the momentum is FAST."""

import verilimit as vl

n = vl.sizes("n")
c, sigma = vl.positive("c sigma")
beta = vl.positive("beta")
e = vl.state("e", n)
a, noise = vl.data("a", n), vl.gaussian("xi")
p = vl.state("p", n)
P = beta * p - c * (a @ e - sigma * noise) * a
layer = vl.Layer(
    "heavy ball",
    step={e: e + P / n, p: P},
    watch={"r": e @ e, "k": e @ p, "h": p @ p / n},
    scaling={n: vl.N},
    steps=vl.N,
    at={beta: 0.9},
    expect={"regime": "FAST"},
)
