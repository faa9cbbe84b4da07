"""The application: routes, errors as JSON, and what runs beside the requests."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from pipeline.serving.context import Context, facts_of
from pipeline.serving.errors import RequestError
from pipeline.serving.observation import Observed
from pipeline.serving.operations import Operations
from pipeline.serving.rest import RestApi
from pipeline.serving.try_page import TryPage


class _ModelName(StringConvertor):
    regex = "[^/:]+"


class _Version(StringConvertor):
    """The numbers that `components.model_store.folder.parse_version` accepts."""

    regex = "[1-9][0-9]{0,17}"

    def convert(self, value: str) -> int:  # type: ignore[override]
        return int(value)


def create_app(context: Context) -> ASGIApp:
    """Returns the application of a server."""
    register_url_convertor("model", _ModelName())
    register_url_convertor("version", _Version())
    app = Starlette(
        routes=[
            *RestApi(context).routes(),
            *Operations(context).routes(),
            *TryPage(context).routes(),
        ],
        exception_handlers={
            RequestError: _answer_request_error,
            HTTPException: _answer_http_error,
            Exception: _answer_failure,
        },
        lifespan=lambda _: _run_beside(context),
    )
    return Observed(app, context.metrics)


@contextlib.asynccontextmanager
async def _run_beside(context: Context) -> AsyncIterator[None]:
    """Runs batches and watches the versions while the server runs."""
    watching = threading.Thread(target=context.versions.watch, name="versions", daemon=True)
    watching.start()
    batching = asyncio.create_task(context.batcher.run())
    try:
        yield
    finally:
        context.versions.stop()
        batching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await batching
        context.batcher.close()


async def _answer_request_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    return _answer(request, error.status, error.message)


async def _answer_http_error(request: Request, error: Exception) -> Response:
    """Answers a request for which there is no handler."""
    assert isinstance(error, HTTPException)
    what = f"{request.method} {request.url.path}"
    response = _answer(request, error.status_code, f"{error.detail}: {what}")
    response.headers.update(error.headers or {})
    return response


async def _answer_failure(request: Request, error: Exception) -> Response:
    """Answers a request that failed for a reason which is not the client's."""
    return _answer(request, 500, f"the server failed: {type(error).__name__}")


def _answer(request: Request, status: int, message: str) -> Response:
    """Returns an error as TensorFlow Serving does."""
    facts_of(request).error = message
    headers = {"retry-after": "1"} if status == 429 else None
    return JSONResponse({"error": message}, status_code=status, headers=headers)
