"""Two classes of scikit-learn's handwritten digits as sequences of four patches."""

import jax
import numpy as np

from numerics.mean_field_flow.particles import Data

ROWS = 6  # four pixels of a patch, the answer, the position


def two_digits(n: int, classes: tuple[int, int] = (0, 1)) -> Data:
    """The first ``n`` digits of two classes: four patches of 2 by 2 averaged pixels each.

    A column is ``[four pixels in [0, 1]; 0; position]``; the answer is read from the fifth row of
    the last patch; labels are -1/2 and 1/2. Raises ValueError when scikit-learn is missing or
    holds fewer digits.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ValueError(
            "expected scikit-learn, which brings the digits, received no such package; "
            "install scikit-learn or use other data"
        ) from error
    images, target = load_digits(return_X_y=True)
    chosen = np.flatnonzero(np.isin(target, classes))
    if not 1 <= n <= len(chosen):
        raise ValueError(f"expected between 1 and {len(chosen)} digits of {classes}, received {n}")
    pixels = images[chosen[:n]].reshape(n, 4, 2, 4, 2).mean(axis=(2, 4)) / 16
    patches = pixels.reshape(n, 2, 2, 2, 2).transpose(0, 2, 4, 1, 3).reshape(n, 4, 4)
    rest = np.stack([np.zeros((n, 4)), np.tile([0.25, 0.5, 0.75, 1.0], (n, 1))], axis=1)
    labels = np.where(target[chosen[:n]] == classes[1], 0.5, -0.5)
    return Data(jax.device_put(np.concatenate([patches, rest], axis=1)), jax.device_put(labels), 4)
