"""A small client of the control plane's API, for scripts, notebooks and agents.

    from perihelion.client import Client

    with Client("http://127.0.0.1:8788", key="sk-perihelion-…") as client:
        for call in client.requests("status>=400 property.feature:search", since="7d"):
            print(call["id"], call["error"])

`AsyncClient` has the same methods with `await`. Answers are dictionaries, as the OpenAPI document describes them
(`/api/schema`). Needs `httpx` and nothing else of Perihelion.
"""

from perihelion.async_client import AsyncClient
from perihelion.errors import ApiError
from perihelion.sync_client import Client

__all__ = ["ApiError", "AsyncClient", "Client"]
