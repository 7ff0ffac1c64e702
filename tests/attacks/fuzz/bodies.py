"""Bodies of requests and answers, as the control plane reads them."""

import gzip
import json
import zlib
from typing import Final

from proxy.providers.decompress import decompress
from proxy.providers.dialects import DIALECTS, CapturedExchange, read_exchange

__all__ = ["SEEDS", "compressed", "dialects"]

LIMIT: Final = 1 << 16
NAMES: Final = sorted(DIALECTS)
OPERATIONS: Final = ("chat", "responses", "embeddings", "messages", "generate_content", "converse", "images", "other")
TYPES: Final = ("application/json", "text/event-stream", "application/vnd.amazon.eventstream", "application/x-ndjson")
ENCODINGS: Final = ("gzip", "deflate", "br", "zstd", "gzip, gzip", "zstd, br, deflate")
ANSWER: Final = {
    "id": "c",
    "model": "gpt-4o",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi", "tool_calls": []}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}
EVENT: Final = b'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":3}}\n\n'
SEEDS: Final = {
    "dialects": [b"\0\0\0" + json.dumps(ANSWER).encode(), b"\1\3\1" + EVENT, b"\2\4\0{}"],
    "compressed": [
        b"\0" + gzip.compress(b"a" * 9999),
        b"\1" + zlib.compress(b"b" * 9),
        b"\4" + gzip.compress(gzip.compress(b"c")),
    ],
}


def dialects(data: bytes) -> None:
    """Every dialect reads every body, or says what is wrong with it; none raises."""
    if len(data) < 3:
        return
    exchange = CapturedExchange(
        operation=OPERATIONS[data[1] % len(OPERATIONS)],
        path="/x",
        request_body=data[3:],
        response_type=TYPES[data[2] % len(TYPES)],
        response_body=data[3:],
    )
    found = read_exchange(NAMES[data[0] % len(NAMES)], exchange)
    found.text.encode()


def compressed(data: bytes) -> None:
    """No body becomes larger than it may."""
    if data:
        assert len(decompress(data[1:], ENCODINGS[data[0] % len(ENCODINGS)], LIMIT)) <= LIMIT
