"""The Model Context Protocol: agents ask the log through tools that only read.

`server` has the tools, over `perihelion.client`. `perihelion mcp` serves them on standard input and output, the control
plane at `/mcp`. Imports `core` and `perihelion` only; the library `mcp` (extra `perihelion[mcp]`) is loaded when the
first of the two is used. One more tool: one function in `server`.
"""

__all__: list[str] = []
