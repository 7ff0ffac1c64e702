"""Attacks on a running Perihelion, one file a kind; `watch` looks at what honest callers feel meanwhile."""
