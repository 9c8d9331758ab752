"""The limit compiler: from a layer as data to regime, drift, covariance."""

from theory.limits.derive import derive as derive
from theory.limits.limit import Limit as Limit
