"""Perihelion: a drop-in proxy for LLM APIs with full observability, self-hosted."""

__version__ = "0.1.0"
