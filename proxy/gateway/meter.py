"""What a call may use, and what it used: for calls under a limit of tokens or money, or where a setting asks for it.

The shipper reads every record exactly and off the request path; this is the same reading for the few who need it now.
"""

from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from proxy.core.settings import Settings
from proxy.core.usage import Usage
from proxy.gateway.exchange import Exchange
from proxy.policies import Estimate, Spent
from proxy.providers.decompress import decompress
from proxy.providers.dialects import OPERATIONS, CapturedExchange, RequestParams, read_exchange, read_request_params
from proxy.providers.index import Catalog

if TYPE_CHECKING:
    from proxy.prices import PriceBook

__all__ = ["Measured", "Meter", "read_sent_params"]

_BYTES_A_TOKEN: Final = 4.0
_OUTPUT: Final = 1_000
"""Tokens of an answer whose body names no most and whose model was not seen before."""
_MODELS: Final = 4096
_MARGIN: Final = 1.25
_WEIGHT: Final = 0.1


class Measured(msgspec.Struct, frozen=True):
    """What one call used; `nanousd` is None where no price is known."""

    input_tokens: int = 0
    output_tokens: int = 0
    nanousd: int | None = 0
    estimated: bool = False

    @property
    def spent(self) -> Spent:
        return Spent(self.input_tokens + self.output_tokens, self.nanousd or 0)


class _Usual:
    """Running means of one model: output tokens, and bytes of a request to a token of input."""

    __slots__ = ("bytes_a_token", "output")

    def __init__(self) -> None:
        self.output = 0.0
        self.bytes_a_token = _BYTES_A_TOKEN


class Meter:
    """One worker's. The price book is loaded with the first call that needs it."""

    def __init__(self, settings: Settings, catalog: Catalog) -> None:
        self._folder = settings.get_str("prices.folder")
        self._ids = {provider.name: provider.prices for provider in catalog.prefixes.values()}
        self._book: PriceBook | None = None
        self._usual: OrderedDict[tuple[str, str], _Usual] = OrderedDict()

    def estimate(self, ex: Exchange, params: RequestParams, priced: bool) -> Estimate:
        """What the call may use: the body's own most, or what this model usually answers, with a margin."""
        model = _model(ex, params)
        usual = self._usual.get((ex.route.provider.name, model))
        output = params.max_output_tokens
        if not output:
            output = round(usual.output * _MARGIN) if usual is not None and usual.output else _OUTPUT
        if not OPERATIONS[ex.route.operation].has_output:
            output = 0
        ratio = usual.bytes_a_token if usual is not None else _BYTES_A_TOKEN
        taken = Usage(input_tokens=round(params.size / ratio * _MARGIN), output_tokens=output)
        cost = self._price(ex, (model,), taken) if priced else 0
        return Estimate(taken.input_tokens or 0, output, cost or 0)

    def measure(self, ex: Exchange, params: RequestParams | None) -> Measured:
        """What the call used. A stream that was cut is estimated from what came of it."""
        answer, found = ex.answer, ex.tap
        if answer is None or found is None or answer.status >= 400 or ex.from_cache:
            return Measured()
        response = found.body()
        if found.encoding:
            response = decompress(response, found.encoding)
        request = _sent(ex)
        reading = read_exchange(
            ex.route.dialect,
            CapturedExchange(
                operation=ex.route.operation,
                path=ex.route.path,
                status=answer.status,
                request_body=request,
                response_type=found.media_type,
                response_body=response,
                response_headers=dict(answer.headers),
                streamed=found.streams or None,
            ),
        )
        usage, estimated = reading.billed, False
        if usage is not None and not usage.consumed:
            return Measured()  # a mere count of tokens uses none
        if usage is None or _is_silent(usage):
            if not OPERATIONS[ex.route.operation].billable:
                return Measured()
            usage, estimated = _guess(request, reading.text + reading.reasoning_text), True
        elif found.streams and usage.output_tokens is None and usage.norm_output_total is None:
            output = _guess(request, reading.text + reading.reasoning_text).output_tokens  # cut before it was counted
            usage = msgspec.structs.replace(usage, output_tokens=output, norm_output_total=output)
            estimated = True
        inputs, outputs = usage.total_input or 0, usage.total_output or 0
        if not inputs and not outputs:
            inputs = usage.total_tokens or 0
        by_fallback = ex.schedule is not None and ex.schedule.target > 0
        if not estimated and not by_fallback:  # which may have another model
            usual = _model(ex, params or RequestParams(reading.model_asked))
            self._learn((ex.route.provider.name, usual), len(request), inputs, outputs)
        override = ex.head.fields.model_override
        models = (override,) if override else (reading.model_answered, reading.model_asked or ex.route.model_in_path)
        return Measured(inputs, outputs, self._price(ex, models, usage, found.streams), estimated)

    def _price(self, ex: Exchange, models: tuple[str, ...], usage: Usage, streamed: bool = False) -> int | None:
        book = self._book
        if book is None:
            from proxy.prices import PriceBook  # 12 MiB that a gateway without budgets does without

            folder = Path(self._folder).expanduser() if self._folder else None
            book = self._book = PriceBook(folder, {"custom": "", **self._ids})
        route = ex.route
        return book.price(
            route.provider.name,
            models,
            usage,
            ex.started_us,
            url=f"{route.origin.scheme}://{route.origin.host}",
            streamed=streamed,
        ).nanousd

    def _learn(self, key: tuple[str, str], size: int, inputs: int, outputs: int) -> None:
        usual = self._usual.get(key)
        if usual is None:
            usual = self._usual[key] = _Usual()
            usual.output = float(outputs)
            if len(self._usual) > _MODELS:
                self._usual.popitem(last=False)
        usual.output += (outputs - usual.output) * _WEIGHT
        if inputs:
            usual.bytes_a_token += (min(size / inputs, 16.0) - usual.bytes_a_token) * _WEIGHT
            usual.bytes_a_token = max(usual.bytes_a_token, 0.1)


def read_sent_params(ex: Exchange) -> RequestParams:
    """What the call asks for as it leaves; `user` is the caller's own word, which a managed prompt may leave out."""
    body = _sent(ex)
    params = read_request_params(body)
    if params.user or body is ex.body:
        return params
    return msgspec.structs.replace(params, user=read_request_params(_plain(ex, ex.body)).user)


def _sent(ex: Exchange) -> bytes:
    """The body that leaves first, its encoding taken off: filled in by a managed prompt, or changed by the first of
    the targets that the caller names."""
    first = ex.targets[0].make().body or b"" if ex.schedule is not None else ex.sent_body
    return _plain(ex, first)


def _plain(ex: Exchange, body: bytes) -> bytes:
    encoding = ex.head.fields.content_encoding
    return decompress(body, encoding) if encoding else body


def _model(ex: Exchange, params: RequestParams) -> str:
    """By what name a model's usual output is learned and looked up."""
    return ex.head.fields.model_override or params.model or ex.route.model_in_path


def _guess(request: bytes, text: str) -> Usage:
    inputs = round(len(request) / _BYTES_A_TOKEN)
    return Usage(input_tokens=inputs, output_tokens=-(-len(text.encode("utf-8", "replace")) // int(_BYTES_A_TOKEN)))


def _is_silent(usage: Usage) -> bool:
    """Whether nothing was reported that could be counted or priced."""
    return (
        usage.total_input is None
        and usage.total_output is None
        and usage.total_tokens is None
        and usage.reported_cost is None
        and not usage.quantities
    )
