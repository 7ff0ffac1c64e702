"""How long fuzzers go on: seconds in CI, ten minutes with `make soak-long`."""

import os
from typing import Final

__all__ = ["LONG"]

LONG: Final = os.environ.get("PERIHELION_SOAK_LONG") == "1"
