"""Training of finite networks, their data and optimizers."""
