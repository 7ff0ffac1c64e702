"""Which texts of a call are checked, and how long ones are cut into pieces."""

from collections.abc import Iterator

from proxy.core.errors import PerihelionError
from proxy.gateway.request import Request
from proxy.gateway.targets import RetryPlan
from proxy.providers.decompress import decompress
from proxy.providers.dialects.bodies import decode_json
from proxy.providers.dialects.caller_texts import find_caller_texts

__all__ = ["UnreadableBody", "cut_text", "read_texts"]


class UnreadableBody(PerihelionError):
    """A body that no guard can check."""


def read_texts(request: Request, plan: RetryPlan | None, max_chars: int) -> list[str]:
    """Return each text of users and tools once, from the body that leaves first and from those of all fallbacks.

    Raises `UnreadableBody` for a body that is not JSON, and where there are more than `max_chars` characters.
    """
    bodies = [request.sent_body]
    if plan is not None:
        bodies += [target.build().body or b"" for target in plan.targets]
    encoding = request.head.fields.content_encoding
    texts: dict[str, None] = {}
    for body in dict.fromkeys(bodies):
        texts |= dict.fromkeys(_texts_of(decompress(body, encoding) if encoding else body))
    size = sum(map(len, texts))
    if size > max_chars:
        raise UnreadableBody(f"its text has {size} characters; guard.max_chars allows {max_chars}")
    return list(texts)


def _texts_of(body: bytes) -> list[str]:
    if not body.strip():
        return []
    try:
        return find_caller_texts(decode_json(body))
    except ValueError as error:
        raise UnreadableBody(f"its body is not JSON ({error})") from None


def cut_text(text: str, size: int, overlap: int) -> Iterator[str]:
    """Yield pieces of at most `size` characters; each repeats the last `overlap` ones of the piece before, so that
    nothing is hidden at a seam."""
    at = 0
    while True:
        yield text[at : at + size]
        if at + size >= len(text):
            return
        at += size - overlap
