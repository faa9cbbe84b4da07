"""Bodies in memory, received from messages as a server sends them to an application."""

import asyncio
import tracemalloc

from starlette.requests import Request

from pipeline.serving.bodies import Bodies
from pipeline.serving.limits import Limits

_PART, _PARTS = 1 << 16, 64


def test_a_body_is_in_memory_once():
    async def receive():
        nonlocal left
        left -= 1
        return {"type": "http.request", "body": bytes(_PART), "more_body": left > 0}

    async def measure() -> tuple[int, int]:
        request = Request({"type": "http", "headers": []}, receive)
        before, _ = tracemalloc.get_traced_memory()
        async with bodies.receive(request) as body:
            return len(body), tracemalloc.get_traced_memory()[0] - before

    left, bodies = _PARTS, Bodies(Limits())
    tracemalloc.start()
    try:
        size, held = asyncio.run(measure())
    finally:
        tracemalloc.stop()
    assert size == _PART * _PARTS
    assert held < 1.5 * size
    assert bodies.held == 0
