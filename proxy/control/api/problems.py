"""Errors as problem details (RFC 9457): which parameter, what was found, what is accepted."""

import logging
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from proxy.control.api.one_call import NoSuchCall
from proxy.control.import_service import ImportBusy
from proxy.control.log_service import NotReady
from proxy.control.slots import NoSlotFree
from proxy.control.snippets import NoSnippet
from proxy.core.errors import BadDirective, BadRequest, FeatureUnavailable
from proxy.core.masking import MASK, is_secret_name, mask
from proxy.ingest.spool import SpoolUnwritable
from proxy.logstore import FilterError, QueryCancelled, QueryLimitError, QueryRefused, StoreBusy, StoreError
from proxy.metadata.db import SecretRotated
from proxy.metadata.errors import ConstraintError, InvalidValue, RowConflict, RowNotFound
from proxy.query import SqlError

__all__ = ["HANDLERS", "Problem", "answer"]

_MAX_QUOTED: Final = 4000

_log = logging.getLogger(__name__)


class Problem(msgspec.Struct, omit_defaults=True):
    """`application/problem+json`."""

    title: str
    status: int
    type: str = "about:blank"
    detail: str = ""
    parameter: str = ""
    value: str = ""
    accepted: str = ""


def answer(problem: Problem) -> Response[bytes]:
    """The response; what it quotes of the request is masked."""
    problem = Problem(
        problem.title,
        problem.status,
        problem.type,
        mask(problem.detail[:_MAX_QUOTED]),
        mask(problem.parameter[:_MAX_QUOTED]),
        MASK if problem.value and is_secret_name(problem.parameter) else mask(problem.value[:_MAX_QUOTED]),
        problem.accepted,
    )
    return Response(msgspec.json.encode(problem), status_code=problem.status, media_type="application/problem+json")


def _bad_filter(_: Request[Any, Any, Any], error: FilterError) -> Response[bytes]:
    return answer(
        Problem(
            "Bad parameter",
            400,
            detail=str(error),
            parameter=error.parameter,
            value=error.found,
            accepted=error.accepted,
        )
    )


def _not_ready(_: Request[Any, Any, Any], error: NotReady) -> Response[bytes]:
    return answer(Problem("The log is not ready", 503, detail=str(error)))


def _store_failed(_: Request[Any, Any, Any], error: StoreError) -> Response[bytes]:
    _log.error("store: %s", error)
    return answer(Problem("The log store failed", 503, detail="The cause is in the control plane's log."))


def _query_limit(_: Request[Any, Any, Any], error: QueryLimitError) -> Response[bytes]:
    status = 504 if error.cap == "seconds" else 400
    return answer(Problem("Query too large", status, detail=str(error), parameter=error.cap, value=f"{error.value:g}"))


def _query_cancelled(_: Request[Any, Any, Any], error: QueryCancelled) -> Response[bytes]:
    return answer(Problem("Query cancelled", 499, detail=str(error)))


def _query_refused(_: Request[Any, Any, Any], error: QueryRefused | SqlError) -> Response[bytes]:
    return answer(Problem("Query refused", 400, detail=str(error), parameter="sql"))


def _store_busy(_: Request[Any, Any, Any], error: StoreBusy) -> Response[bytes]:
    return answer(Problem("The log is busy", 503, detail=str(error)))


def _secret_rotated(_: Request[Any, Any, Any], error: SecretRotated) -> Response[bytes]:
    _log.error("%s", error)
    return answer(Problem("The secret was rotated", 503, detail=str(error)))


def _no_such_call(_: Request[Any, Any, Any], error: NoSuchCall) -> Response[bytes]:
    return answer(Problem("No such call", 404, detail=str(error), parameter="id", value=error.id))


def _no_slot_free(_: Request[Any, Any, Any], error: NoSlotFree) -> Response[bytes]:
    refused = answer(Problem("Too many at a time", 503, detail=str(error)))
    refused.headers["Retry-After"] = "5"
    return refused


def _no_snippet(_: Request[Any, Any, Any], error: NoSnippet) -> Response[bytes]:
    return answer(Problem("The call cannot be sent again", 409, detail=str(error)))


def _row_not_found(_: Request[Any, Any, Any], error: RowNotFound) -> Response[bytes]:
    return answer(Problem("Not there", 404, detail=str(error)))


def _row_conflict(_: Request[Any, Any, Any], error: RowConflict) -> Response[bytes]:
    return answer(Problem("In conflict", 409, detail=str(error)))


def _overtaken(request: Request[Any, Any, Any], error: ConstraintError) -> Response[bytes]:
    """What can be asked about beforehand is a `RowConflict`; this is left where two changes are made at once."""
    first, *_ = str(error.orig).splitlines() or [""]  # further lines of PostgreSQL's have values of the row
    _log.warning("%s %s: %s", request.method, request.url.path, first)
    return answer(Problem("In conflict", 409, detail="Another change came first; look what is there, and ask again."))


def _too_deep(request: Request[Any, Any, Any], _: RecursionError) -> Response[bytes]:
    _log.warning("%s %s: nested too deep", request.method, request.url.path)
    return answer(Problem("Bad value", 400, detail="The JSON is nested too deep."))


def _not_utf8(request: Request[Any, Any, Any], error: UnicodeDecodeError) -> Response[bytes]:
    _log.warning("%s %s: %s", request.method, request.url.path, error)
    return answer(Problem("Bad value", 400, detail="The JSON is not UTF-8."))


def _invalid_value(_: Request[Any, Any, Any], error: InvalidValue) -> Response[bytes]:
    return answer(
        Problem("Bad value", 400, detail=str(error), parameter=error.path, value=error.found, accepted=error.accepted)
    )


def _bad_request(_: Request[Any, Any, Any], error: BadRequest | BadDirective) -> Response[bytes]:
    return answer(Problem("Bad value", 400, detail=error.message, parameter=error.param or ""))


def _unavailable(_: Request[Any, Any, Any], error: FeatureUnavailable) -> Response[bytes]:
    return answer(Problem("Not built", error.status, detail=error.message, parameter=error.param or ""))


def _import_busy(_: Request[Any, Any, Any], error: ImportBusy) -> Response[bytes]:
    return answer(Problem("The log is behind", 503, detail=str(error)))


def _spool_failed(_: Request[Any, Any, Any], error: SpoolUnwritable) -> Response[bytes]:
    _log.error("%s", error)
    failed = answer(Problem("The spool cannot be written", 503, detail=f"Nothing was logged; send it again. {error}"))
    failed.headers["retry-after"] = "5"
    return failed


def _http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    problem = Problem(error.__class__.__name__.removesuffix("Exception"), error.status_code, detail=error.detail)
    extra = error.extra[0] if isinstance(error.extra, list) and error.extra else None
    if isinstance(extra, dict):
        problem.parameter = str(extra.get("key", ""))
        problem.accepted = str(extra.get("message", ""))
        problem.value = request.query_params.get(problem.parameter, "")
        problem.detail = f"{problem.parameter}: {problem.accepted}"
    return answer(problem)


def _bug(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return answer(Problem("Internal error", 500, detail="The cause is in the control plane's log."))


HANDLERS: dict[type[Exception] | int, Any] = {
    FilterError: _bad_filter,
    NotReady: _not_ready,
    QueryLimitError: _query_limit,
    QueryCancelled: _query_cancelled,
    QueryRefused: _query_refused,
    SqlError: _query_refused,
    StoreBusy: _store_busy,
    StoreError: _store_failed,
    SecretRotated: _secret_rotated,
    HTTPException: _http,
    NoSuchCall: _no_such_call,
    NoSnippet: _no_snippet,
    NoSlotFree: _no_slot_free,
    RowNotFound: _row_not_found,
    RowConflict: _row_conflict,
    ConstraintError: _overtaken,
    RecursionError: _too_deep,
    UnicodeDecodeError: _not_utf8,
    InvalidValue: _invalid_value,
    BadRequest: _bad_request,
    BadDirective: _bad_request,
    FeatureUnavailable: _unavailable,
    SpoolUnwritable: _spool_failed,
    ImportBusy: _import_busy,
    Exception: _bug,
}
