"""`/api/snapshot`: the snapshot for gateways on other machines."""

from typing import Any

from litestar import Request, Response, get

from proxy.control.auth import needs
from proxy.control.plane import ControlPlane

__all__ = ["snapshot"]


@get("/api/snapshot", sync_to_thread=True, opt=needs("snapshot"), summary="Keys, limits, credentials and prompts",
     operation_id="getSnapshot", media_type="application/octet-stream")  # fmt: skip
def snapshot(request: Request[Any, Any, Any]) -> Response[bytes]:
    """For `snapshot.url` of a gateway, with a key of the scope `snapshot`. 304 where `If-None-Match` has its ETag.
    What is secret in it is sealed."""
    plane: ControlPlane = request.app.state.plane
    publisher = plane.publisher
    publisher.publish()
    etag = publisher.etag
    if request.headers.get("if-none-match", "") == etag:
        return Response(b"", status_code=304, headers={"etag": etag})
    return Response(publisher.file.read_bytes(), headers={"etag": etag}, media_type="application/octet-stream")
