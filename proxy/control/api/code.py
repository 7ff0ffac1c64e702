"""`/api/requests/{id}/code`: a call as `curl`, Python or TypeScript."""

from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.params import FromPath, QueryParameter

from proxy.control.api.bodies import stored_body
from proxy.control.api.one_call import call_named
from proxy.control.auth import needs
from proxy.control.plane import ControlPlane
from proxy.control.snippets import RENDERERS, Language, NoSnippet, Payload, Target, call_of
from proxy.control.snippets.payload import MAX_INLINE_BYTES, payload_of
from proxy.logstore import event_of_columns
from proxy.logstore.call_reader import body_sizes, read_body

__all__ = ["CODE_ROUTES", "Snippet"]


class Snippet(msgspec.Struct, frozen=True):
    """A call as source code. Secrets are environment variables in it."""

    language: Language
    target: Target
    code: str
    variables: tuple[str, ...]
    """The environment variables that it reads: API keys."""
    notes: tuple[str, ...]
    """What of the call is not in the code, one sentence each."""


@get(
    "/api/requests/{id:str}/code",
    sync_to_thread=True,
    opt=needs("viewer"),
    summary="A call as curl, Python or TypeScript",
    operation_id="getRequestCode",
)
def show_code(
    request: Request[Any, Any, Any],
    id: FromPath[str],
    language: Annotated[
        Language, QueryParameter(description="`curl`, `python` (httpx) or `typescript` (fetch).")
    ] = "curl",
    target: Annotated[
        Target, QueryParameter(description="Send it through the gateway, or to the provider itself.")
    ] = "gateway",
) -> Snippet:
    """Code that sends the call again and prints the response. 409 where its request is not in the log."""
    plane: ControlPlane = request.app.state.plane
    call = call_named(request, id)
    store = plane.log.store
    body = stored_body(call, body_sizes(store, call), "request")
    if body is not None and body.truncated:
        raise NoSnippet("The request's body is not whole in the log: its middle is left out, above log.max_body.")
    payload = Payload()
    if body is not None and body.bytes > MAX_INLINE_BYTES:
        payload = Payload("file", f"{call['id']}.request")
    elif body is not None:
        payload = payload_of(read_body(store, call, "request", 0, body.bytes))
    content_type = body.type if body is not None else ""
    event = event_of_columns(call)
    outgoing = call_of(event, content_type, payload, target, plane.catalog, plane.gateway_url)
    return Snippet(language, target, RENDERERS[language](outgoing), outgoing.variables, outgoing.notes)


CODE_ROUTES: list[Any] = [show_code]
