"""Estimates what a call may use and measures what it used: only for calls under a limit of tokens or money, or where a
setting asks for the cost in the answer's headers.

The shipper reads every record exactly and off the request path; this is the same reading for the few who need it now.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from proxy.core import log
from proxy.core.settings import Settings
from proxy.core.snapshot import PriceRow
from proxy.core.usage import Usage
from proxy.gateway.exchange import Exchange, Measured
from proxy.gateway.request import Request
from proxy.gateway.targets import RetryPlan
from proxy.gateway.wire.base import Headers
from proxy.policies import Estimate
from proxy.providers.address import Route
from proxy.providers.decompress import decompress
from proxy.providers.dialects import OPERATIONS, CapturedExchange, RequestParams, read_exchange, read_request_params
from proxy.providers.index import Catalog

if TYPE_CHECKING:
    from proxy.prices import PriceBook

__all__ = ["Meter", "read_sent_params"]

_BYTES_PER_TOKEN: Final = 4.0
_DEFAULT_OUTPUT: Final = 1_000
"""Tokens of an answer whose request sets no maximum and whose model was not seen before."""
_MAX_MODELS: Final = 4096
_MARGIN: Final = 1.25
_WEIGHT: Final = 0.1


class _Usual:
    """Running means of one model: output tokens, and bytes of a request to a token of input."""

    __slots__ = ("bytes_per_token", "output")

    def __init__(self) -> None:
        self.output = 0.0
        self.bytes_per_token = _BYTES_PER_TOKEN


class Meter:
    """One worker's. The price book is loaded with the first call that needs it."""

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        org_prices: Callable[[], Mapping[str, Sequence[PriceRow]]] = dict,
    ) -> None:
        """`org_prices` returns the current own prices of organisations: the same object while they are the same."""
        self._org_prices = org_prices
        self._used_prices: Mapping[str, Sequence[PriceRow]] = {}
        self._folder = settings.get_str("prices.folder")
        self._ids = {provider.name: provider.prices for provider in catalog.prefixes.values()}
        self._book: PriceBook | None = None
        self._usual: OrderedDict[tuple[str, str], _Usual] = OrderedDict()

    def estimate(self, request: Request, route: Route, params: RequestParams, priced_us: int | None) -> Estimate:
        """Return what the call may use: the body's own maximum, or what this model usually answers, with a margin.

        `priced_us` is the time whose prices count, in microseconds since the epoch; None: no price is needed.
        """
        model = _model(request, route, params.model)
        usual = self._usual.get((route.provider.name, model))
        output = params.max_output_tokens
        if not output:
            output = round(usual.output * _MARGIN) if usual is not None and usual.output else _DEFAULT_OUTPUT
        if not OPERATIONS[route.operation].has_output:
            output = 0
        ratio = usual.bytes_per_token if usual is not None else _BYTES_PER_TOKEN
        usage = Usage(input_tokens=round(params.size / ratio * _MARGIN), output_tokens=output)
        cost = self._price(request.identity.org, route, (model,), usage, priced_us) if priced_us is not None else 0
        return Estimate(usage.input_tokens or 0, output, cost or 0)

    def measured(self, ex: Exchange) -> Measured:
        """Return what the call used; it is read once. A stream that was cut is estimated from what came of it."""
        if ex.outcome.measured is None:
            ex.outcome.measured = self._measure(ex)
        return ex.outcome.measured

    def add_cost_headers(self, ex: Exchange, headers: Headers) -> None:
        """Add what the call used to the headers of its answer. Never raises: the answer is good and paid for."""
        try:
            measured = self.measured(ex)
        except Exception as error:  # noqa: BLE001
            log.swallowed("cost", error)
            return
        headers.append(("helicone-tokens", str(measured.input_tokens + measured.output_tokens)))
        if measured.nanousd is not None:
            headers.append(("helicone-cost", f"{measured.nanousd / 1e9:.9f}".rstrip("0").rstrip(".")))

    def _measure(self, ex: Exchange) -> Measured:
        request, answer, tap = ex.request, ex.held.answer, ex.outcome.tap
        if request is None or answer is None or tap is None or answer.status >= 400 or ex.outcome.from_cache:
            return Measured()
        route = ex.outcome.route or request.route
        response = tap.body()
        if tap.encoding:
            response = decompress(response, tap.encoding)
        request_body = _first_body(request, ex.retry_plan)
        reading = read_exchange(
            route.dialect,
            CapturedExchange(
                operation=route.operation,
                path=route.path,
                status=answer.status,
                request_body=request_body,
                response_type=tap.media_type,
                response_body=response,
                response_headers=dict(answer.headers),
                streamed=tap.streams or None,
            ),
        )
        usage, estimated = reading.billed, False
        if usage is not None and not usage.consumed:
            return Measured()  # a call that only counts tokens consumes none
        if usage is None or _is_silent(usage):
            if not OPERATIONS[route.operation].billable:
                return Measured()
            usage, estimated = _guess(request_body, reading.text + reading.reasoning_text), True
        elif tap.streams and usage.output_tokens is None and usage.norm_output_total is None:
            # the stream was cut before its output was counted
            output = _guess(request_body, reading.text + reading.reasoning_text).output_tokens
            usage = msgspec.structs.replace(usage, output_tokens=output, norm_output_total=output)
            estimated = True
        inputs, outputs = usage.total_input or 0, usage.total_output or 0
        if not inputs and not outputs:
            inputs = usage.total_tokens or 0
        if not estimated and (ex.retry_plan is None or not ex.retry_plan.on_fallback):  # which may have another model
            named = ex.request_params.model if ex.request_params is not None else reading.model_asked
            self._learn((route.provider.name, _model(request, route, named)), len(request_body), inputs, outputs)
        override = request.head.fields.model_override
        models = (override,) if override else (reading.model_answered, reading.model_asked or route.model_in_path)
        cost = self._price(ex.identity.org, route, models, usage, ex.started_us, tap.streams)
        return Measured(inputs, outputs, cost, estimated)

    def _price(
        self, org: str, route: Route, models: tuple[str, ...], usage: Usage, at_us: int, streamed: bool = False
    ) -> int | None:
        book = self._book
        if book is None:
            from proxy.prices import PriceBook  # 12 MiB that a gateway without budgets does without

            folder = Path(self._folder).expanduser() if self._folder else None
            book = self._book = PriceBook(folder, {"custom": "", **self._ids})
        current = self._org_prices()
        if current is not self._used_prices:
            book.set_org_prices(current)
            self._used_prices = current
        url = f"{route.origin.scheme}://{route.origin.host}"
        return book.price(route.provider.name, models, usage, at_us, url=url, streamed=streamed, org=org).nanousd

    def _learn(self, key: tuple[str, str], size: int, inputs: int, outputs: int) -> None:
        usual = self._usual.get(key)
        if usual is None:
            usual = self._usual[key] = _Usual()
            usual.output = float(outputs)
            if len(self._usual) > _MAX_MODELS:
                self._usual.popitem(last=False)
        usual.output += (outputs - usual.output) * _WEIGHT
        if inputs:
            usual.bytes_per_token += (min(size / inputs, 16.0) - usual.bytes_per_token) * _WEIGHT
            usual.bytes_per_token = max(usual.bytes_per_token, 0.1)


def read_sent_params(request: Request, plan: RetryPlan | None) -> RequestParams:
    """Return what the call asks for as it leaves; `user` is the caller's own, which a managed prompt may leave out."""
    body = _first_body(request, plan)
    params = read_request_params(body)
    if params.user or body is request.body:
        return params
    return msgspec.structs.replace(params, user=read_request_params(_decoded(request, request.body)).user)


def _first_body(request: Request, plan: RetryPlan | None) -> bytes:
    """The body that leaves first, decompressed: with a managed prompt filled in, or changed by the first target that
    the caller names."""
    return _decoded(request, plan.targets[0].build().body or b"" if plan is not None else request.sent_body)


def _decoded(request: Request, body: bytes) -> bytes:
    encoding = request.head.fields.content_encoding
    return decompress(body, encoding) if encoding else body


def _model(request: Request, route: Route, named: str) -> str:
    """The name by which a model's usual output is learned and looked up."""
    return request.head.fields.model_override or named or route.model_in_path


def _guess(request: bytes, text: str) -> Usage:
    inputs = round(len(request) / _BYTES_PER_TOKEN)
    return Usage(input_tokens=inputs, output_tokens=-(-len(text.encode("utf-8", "replace")) // int(_BYTES_PER_TOKEN)))


def _is_silent(usage: Usage) -> bool:
    """Whether nothing was reported that could be counted or priced."""
    return (
        usage.total_input is None
        and usage.total_output is None
        and usage.total_tokens is None
        and usage.reported_cost is None
        and not usage.quantities
    )
