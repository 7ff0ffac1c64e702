"""`POST /api/import`: rows of files that other products exported, a batch at a time. `perihelion import` sends them."""

from typing import Any, Final

import msgspec
from litestar import Request, post
from litestar.params import JSONBody

from proxy.control.auth import caller_of, needs
from proxy.control.import_service import Imported, SourceRow
from proxy.control.plane import ControlPlane
from proxy.control.queries import run_query
from proxy.metadata.errors import InvalidValue

__all__ = ["IMPORT_ROUTES", "ImportBatch"]

_MAX_ROWS: Final = 1000
_MAX_BYTES: Final = 32 << 20


class ImportBatch(msgspec.Struct, forbid_unknown_fields=True):
    """At most 1,000 rows and 32 MB."""

    format: str
    """`helicone`, `langfuse`, `litellm` or `openai-logs`."""
    rows: list[SourceRow]
    dry_run: bool = False
    """Only says what would be imported."""


@post(
    "/api/import",
    opt=needs("member"),
    status_code=200,
    request_max_body_size=_MAX_BYTES,
    summary="Import rows that another product exported",
    operation_id="importRows",
)
async def import_rows(request: Request[Any, Any, Any], data: JSONBody[ImportBatch]) -> Imported:
    """What is understood is imported, the rest is named by line. The same rows again change nothing."""
    if len(data.rows) > _MAX_ROWS:
        raise InvalidValue("rows", f"{len(data.rows)} rows", f"at most {_MAX_ROWS}")
    plane: ControlPlane = request.app.state.plane
    caller = caller_of(request)
    return await run_query(
        request, lambda: plane.imports.take(caller.org, caller.name, data.format, data.rows, dry_run=data.dry_run)
    )


IMPORT_ROUTES: Final[list[Any]] = [import_rows]
