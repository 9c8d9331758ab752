"""AdamW with a spectral cap on each step."""

from numerics.spectral_concentration.spectral_cap import adamw2 as adamw2
from numerics.spectral_concentration.spectral_cap import spectral_cap as spectral_cap
