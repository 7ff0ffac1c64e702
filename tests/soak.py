"""How long soak tests go on: in CI a sample, with `make soak-long` all of it."""

import os
from typing import Final

__all__ = ["LONG"]

LONG: Final = os.environ.get("PERIHELION_SOAK_LONG") == "1"
