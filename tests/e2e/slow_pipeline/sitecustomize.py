"""Put on PYTHONPATH by test_budget.py alone: every call of the gateway sleeps for 10 ms in `admit`."""

import asyncio
from typing import Any

import proxy.gateway.phases.admit as phase


async def _slow(*_: Any) -> None:
    await asyncio.sleep(0.010)


phase.admit = _slow
