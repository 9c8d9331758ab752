"""$H$ heads with values $I$ plus noise on the sphere: an ODE for any $H$."""

import verilimit as vl

m, d, H = vl.sizes("m d H")
eta, beta = vl.positive("eta beta")
x = vl.state("x", m, d)
noise = vl.gaussian("xi", H, d, d)
mean = vl.softmax(beta * x @ x.T) @ x
heads = vl.mean(vl.heads(mean, H) @ noise / vl.sqrt(d), 0)
layer = vl.Layer(
    "heads with values near the identity",
    step={x: vl.unit(x + eta / vl.N * (mean + heads))},
    watch={"R": x @ x.T},
    scaling={d: d, H: H},
    steps=vl.N,
    at={eta: 1, beta: 1, d: 3, H: 4, "R": [[1, 0.3], [0.3, 1]]},
    expect={"regime": "ODE"},
)
