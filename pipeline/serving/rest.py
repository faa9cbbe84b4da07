"""TensorFlow Serving's REST API: predict, status and metadata of the model.

Reference: https://www.tensorflow.org/tfx/serving/api_rest.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipeline.serving.batching import Input
from pipeline.serving.context import Context
from pipeline.serving.errors import RequestError
from pipeline.serving.model import ServedModel
from pipeline.serving.predict_request import PredictRequest, parse_predict_request
from pipeline.serving.predict_response import format_columns, format_rows
from pipeline.serving.versions import VersionStatus

# The answer to a request names the version that gave it, which TensorFlow Serving does not tell.
VERSION_HEADER = "x-model-version"
# Bodies up to this size, in bytes, are parsed at once; others in a thread.
_SMALL = 1 << 16
_MODEL, _VERSION = "/v1/models/{model:model}", "/versions/{version:version}"


@dataclass(frozen=True)
class RestApi:
    """The handlers."""

    context: Context

    def routes(self) -> list[Route]:
        """Returns the routes of the API."""
        return [
            route
            for model in (_MODEL, _MODEL + _VERSION)
            for route in (
                Route(f"{model}:predict", self.predict, methods=["POST"]),
                Route(f"{model}/metadata", self.metadata, methods=["GET"]),
                Route(model, self.status, methods=["GET"]),
            )
        ]

    async def predict(self, request: Request) -> Response:
        """Answers a predict request."""
        self._find(request)
        async with self.context.bodies.receive(request) as body, self.context.in_time():
            # Another version may serve since the request began.
            model = self._find(request)
            if len(body) <= _SMALL:
                parsed, inputs = self._parse(body, model)
            else:
                parsed, inputs = await asyncio.to_thread(self._parse, body, model)
            outputs = await self.context.predict(request, model, parsed.signature, inputs)
        content = format_columns(outputs) if parsed.columnar else format_rows(outputs)
        headers = {VERSION_HEADER: str(model.version)}
        return Response(content, media_type="application/json", headers=headers)

    async def status(self, request: Request) -> Response:
        """Answers with the states of the versions, or of one of them."""
        name, version = request.path_params["model"], request.path_params.get("version")
        statuses = [
            status
            for status in self.context.versions.status()
            if name == self.context.name and version in (None, status.version)
        ]
        if not statuses:
            which = f"version {version}" if version else "any versions"
            raise RequestError(404, f"Could not find {which} of model {name}")
        return JSONResponse({"model_version_status": [_describe(s) for s in statuses]})

    async def metadata(self, request: Request) -> Response:
        """Answers with the signatures of the serving version."""
        model = self._find(request)
        spec = {"name": self.context.name, "signature_name": "", "version": str(model.version)}
        signatures = {"signature_def": {"signature_def": model.metadata}}
        return JSONResponse({"model_spec": spec, "metadata": signatures})

    def _find(self, request: Request) -> ServedModel:
        """Returns the model that a request names.

        Raises:
          RequestError: It does not serve.
        """
        name, version = request.path_params["model"], request.path_params.get("version")
        model = self.context.versions.serving()
        if name != self.context.name or not model or version not in (None, model.version):
            wanted = f"Specific({name}, {version})" if version else f"Latest({name})"
            raise RequestError(404, f"Servable not found for request: {wanted}")
        return model

    def _parse(self, body: bytes, model: ServedModel) -> tuple[PredictRequest, list[Input]]:
        parsed = parse_predict_request(body, model.signatures, self.context.limits.images)
        image_of = parsed.signature.image_of
        pixels = [
            self.context.check_image(image_of(value), f"image {index}")
            for index, value in enumerate(parsed.values)
        ]
        return parsed, [Input(*pair) for pair in zip(parsed.values, pixels, strict=True)]


def _describe(status: VersionStatus) -> dict[str, Any]:
    code = "UNKNOWN" if status.error else "OK"
    return {
        "version": str(status.version),
        "state": status.state,
        "status": {"error_code": code, "error_message": status.error},
    }
