"""Receivers of webhooks and notifications: `POST /hooks/<name>` is taken, and `/hooks/busy` answers 503."""

from simulator.shapes.base import Reply, Request, json_reply

__all__ = ["answer"]


def answer(request: Request) -> Reply | None:
    if request.method != "POST" or not request.path.startswith("/hooks/"):
        return None
    if request.path == "/hooks/busy":
        return json_reply(503, [], {"error": "The receiver is down for maintenance."})
    return json_reply(200, [], {"ok": True})
