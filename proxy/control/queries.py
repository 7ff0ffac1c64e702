"""Runs reads of the log for a request, and ends them when its client disconnects."""

import asyncio
import contextlib
import contextvars
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from litestar import Request

from proxy.logstore import Cancellation, QueryCancelled

__all__ = ["Pieces", "run_query", "stream_query"]

Answer = TypeVar("Answer")
Pieces = AsyncGenerator[bytes, None]

_THREADS: Final = ThreadPoolExecutor(64, thread_name_prefix="query")
"""Of their own: questions that wait for a reader keep no thread from anything else. The store says how many read."""
_MAX_UNREAD_S: Final = 60.0
"""How long a client may leave a piece of a stream unread."""


async def run_query(request: Request[Any, Any, Any], call: Callable[[], Answer]) -> Answer:
    """What `call` returns, run in a thread. Where the client disconnects first, the reads of `call` are cancelled.

    Read the request's body before. Raises what `call` raises.
    """
    return await _run(request, Cancellation(), call)


async def stream_query(request: Request[Any, Any, Any], pieces: Callable[[], Iterator[bytes]]) -> Pieces:
    """The pieces of the `LogStore.stream_bytes` that `pieces` calls, each taken in a thread.

    The first is taken before this returns, so that an error that comes at once can have its own status. When the client
    disconnects, the query is cancelled.
    """
    cancellation = Cancellation()
    with cancellation.active():
        stream = pieces()
    try:
        first = await _run(request, cancellation, lambda: next(stream, b""))
    except BaseException:
        await _in_thread(_end, stream, cancellation)
        raise
    return _rest(first, stream, cancellation)


async def _rest(first: bytes, stream: Iterator[bytes], cancellation: Cancellation) -> Pieces:
    """Raises `QueryCancelled` where a piece was not taken in time: an unread stream holds a reader of the store."""
    ended: list[bool] = []

    def give_up() -> None:
        ended.append(True)
        _THREADS.submit(_end, stream, cancellation)

    try:
        piece = first
        while piece:
            patience = asyncio.get_running_loop().call_later(_MAX_UNREAD_S, give_up)
            yield piece
            patience.cancel()
            if ended:
                raise QueryCancelled
            piece = await _in_thread(next, stream, b"")
    finally:
        await asyncio.shield(_in_thread(_end, stream, cancellation))


def _end(stream: Iterator[bytes], cancellation: Cancellation) -> None:
    try:
        stream.close()  # type: ignore[attr-defined]  # a generator
    except ValueError:  # a thread is taking the next piece
        cancellation.cancel()


async def _run(request: Request[Any, Any, Any], cancellation: Cancellation, call: Callable[[], Answer]) -> Answer:
    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        await asyncio.to_thread(cancellation.cancel)

    def work() -> Answer:
        with cancellation.active():
            return call()

    watcher = asyncio.create_task(watch())
    try:
        return await _in_thread(work)
    except asyncio.CancelledError:
        await asyncio.shield(asyncio.to_thread(cancellation.cancel))
        raise
    finally:
        watcher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watcher


def _in_thread(call: Callable[..., Answer], *arguments: object) -> asyncio.Future[Answer]:
    context = contextvars.copy_context()
    return asyncio.get_running_loop().run_in_executor(_THREADS, lambda: context.run(call, *arguments))
