"""Perihelion: a self-hosted, Helicone-compatible LLM proxy."""

import _speedups

__version__ = "0.1.0"

if getattr(_speedups, "OWNER", "") != "perihelion":
    raise ImportError(
        f"The package _speedups at {_speedups.__file__} belongs to another distribution than perihelion. Install "
        "perihelion into an environment of its own, or reinstall it after the other one is removed."
    )
