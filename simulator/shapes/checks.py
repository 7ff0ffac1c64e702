"""Services that check text: OpenAI's moderation endpoint, and a classifier in Hugging Face's form (`/classify`).

What they find depends on the words of the text alone. `[sim 500]` in it is answered 500, `[sim garbage]` with no JSON.
"""

from typing import Any

from simulator.shapes.base import Reply, Request, json_reply

__all__ = ["answer"]

_CATEGORIES = {
    "harassment": ("you idiot",),
    "hate": ("i hate all",),
    "illicit": ("how to build a bomb",),
    "self-harm": ("hurt myself",),
    "sexual": (),
    "violence": ("kill", "stab"),
}


def answer(request: Request) -> Reply | None:
    if request.method != "POST" or request.script.status != 200:
        return None
    if request.path.endswith("/moderations"):
        return _broken(request) or _moderations(request)
    if request.path.endswith("/classify"):
        return _broken(request) or _classify(request)
    return None


def _broken(request: Request) -> Reply | None:
    if b"[sim 500]" in request.body:
        return json_reply(500, [], {"error": {"message": "The server had an error.", "type": "server_error"}})
    if b"[sim garbage]" in request.body:
        return Reply(200, [("content-type", "text/html")], [b"<html>not JSON</html>"])
    return None


def _moderations(request: Request) -> Reply:
    """One result for each string of a list; of a list of objects one for all."""
    given = request.json.get("input", "")
    texts: list[Any] = [given] if isinstance(given, str) else given
    if texts and isinstance(texts[0], dict):
        texts = [" ".join(str(part.get("text", "")) for part in texts)]
    if not request.headers.get("authorization", "").startswith("Bearer "):
        error = {"message": "You didn't provide an API key.", "type": "invalid_request_error", "code": None}
        return json_reply(401, [], {"error": error})
    model = request.json.get("model", "omni-moderation-latest")
    return json_reply(200, [], {"id": "modr-sim", "model": model, "results": [_result(str(text)) for text in texts]})


def _result(text: str) -> dict[str, Any]:
    hits = {name: any(word in text.lower() for word in words) for name, words in _CATEGORIES.items()}
    scores = {name: 0.97 if hit else 0.0001 for name, hit in hits.items()}
    inputs = {name: ["text"] if hit else [] for name, hit in hits.items()}
    return {
        "flagged": any(hits.values()),
        "categories": hits,
        "category_scores": scores,
        "category_applied_input_types": inputs,
    }


def _classify(request: Request) -> Reply:
    hit = "jailbreak" in str(request.json.get("inputs", "")).lower()
    scores = [
        {"label": "JAILBREAK", "score": 0.98 if hit else 0.01},
        {"label": "BENIGN", "score": 0.02 if hit else 0.99},
    ]
    return json_reply(200, [], [scores])
