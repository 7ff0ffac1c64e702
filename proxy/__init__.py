"""Perihelion: a self-hosted, Helicone-compatible LLM proxy."""

__version__ = "0.1.0"
