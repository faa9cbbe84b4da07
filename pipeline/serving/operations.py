"""The handlers for those who operate the server: health and metrics."""

from dataclasses import dataclass

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipeline.serving.context import Context


@dataclass(frozen=True)
class Operations:
    """The handlers."""

    context: Context

    def routes(self) -> list[Route]:
        """Returns the routes."""
        return [
            Route("/healthz", self.healthz, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
        ]

    async def healthz(self, _: Request) -> Response:
        """Answers with 200 if requests can be answered, else with 503 and the reason."""
        version = self._version()
        if self.context.batcher.is_stuck():
            reason = "the model does not answer; restart the server"
        elif not version:
            reason = "no version serves"
        else:
            return JSONResponse({"status": "ok", "version": version})
        return JSONResponse({"status": reason, "version": version}, status_code=503)

    async def metrics(self, _: Request) -> Response:
        """Answers with the metrics."""
        content = self.context.metrics.expose(self._version(), self.context.batcher.waiting)
        return Response(content, headers={"content-type": CONTENT_TYPE_LATEST})

    def _version(self) -> int:
        model = self.context.versions.serving()
        return model.version if model else 0
