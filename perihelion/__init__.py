"""What programs import: `perihelion.client`, a client of the control plane's API. The software itself is `proxy`."""

__all__: list[str] = []
