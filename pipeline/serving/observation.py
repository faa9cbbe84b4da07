"""Counts each request and writes a line about it to the access log."""

import datetime
import json
import logging
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.serving.context import FACTS, RequestFacts
from pipeline.serving.metrics import Metrics

# Each record is one JSON object.
access_log = logging.getLogger("flowers.access")


class Observed:
    """An ASGI application whose requests are counted and logged."""

    def __init__(self, app: ASGIApp, metrics: Metrics):
        """Takes the application and the metrics that count its requests."""
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a request, or the start and end of the server."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        facts = scope[FACTS] = RequestFacts()
        started = time.perf_counter()

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                facts.status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            seconds = time.perf_counter() - started
            self._metrics.count_request(_endpoint(scope), facts.status, seconds)
            access_log.info(json.dumps(_describe(scope, facts, seconds)))


def _endpoint(scope: Scope) -> str:
    """Returns the name of the handler of a request, of which there are few."""
    return getattr(scope.get("endpoint"), "__name__", "none")


def _describe(scope: Scope, facts: RequestFacts, seconds: float) -> dict[str, Any]:
    now = datetime.datetime.now(datetime.UTC)
    client = scope.get("client")
    values = {
        "time": now.isoformat(timespec="milliseconds"),
        "client": client[0] if client else "",
        "method": scope["method"],
        "path": scope["path"],
        "status": facts.status,
        "milliseconds": round(seconds * 1000, 1),
    }
    optional = {"images": facts.images, "version": facts.version, "error": facts.error}
    return values | {name: value for name, value in optional.items() if value}
