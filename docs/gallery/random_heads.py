"""Random values on the sphere, $H$ heads with deterministic logits: SDE over $N^2$ steps."""

import verilimit as vl

m, d, H = vl.sizes("m d H")
eta, beta = vl.positive("eta beta")
x = vl.state("x", m, d)
V = vl.gaussian("V", H, d, d, variance=1 / d)
values = vl.softmax(beta * x @ x.T) @ x
layer = vl.Layer(
    "random heads on the sphere",
    step={x: vl.unit(x + eta / vl.sqrt(vl.N) / H * vl.sum(values @ V, 0))},
    watch={"R": x @ x.T},
    scaling={H: vl.N, d: d},
    steps=vl.N**2,
    at={eta: 1, beta: 1, d: 3, "R": [[1, 0.3], [0.3, 1]]},
    expect={"regime": "SDE"},
)
