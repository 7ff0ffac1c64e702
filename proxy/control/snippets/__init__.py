"""A logged call as code that can be run: `curl`, Python, TypeScript. Pure: no I/O.

`call` decides what is sent, and each other module writes that in one language. One more language: a module with a
`render` function and one row in `RENDERERS`.
"""

from collections.abc import Callable
from typing import Final, Literal, get_args

from proxy.control.snippets import curl, python, typescript
from proxy.control.snippets.call import NoSnippet, OutgoingCall, Target, call_of
from proxy.control.snippets.payload import Payload

__all__ = ["LANGUAGES", "RENDERERS", "Language", "NoSnippet", "OutgoingCall", "Payload", "Target", "call_of"]

Language = Literal["curl", "python", "typescript"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)

RENDERERS: Final[dict[Language, Callable[[OutgoingCall], str]]] = {
    "curl": curl.render,
    "python": python.render,
    "typescript": typescript.render,
}
"""By language: the source code that sends a call and prints the response."""
