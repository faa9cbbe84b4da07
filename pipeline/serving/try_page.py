"""The page on which a person tries the model, and the two requests that it sends."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from pipeline.inference.input_images import to_input_image
from pipeline.report_page.environment import STYLE, render
from pipeline.serving.batching import Input
from pipeline.serving.context import Context
from pipeline.serving.errors import RequestError
from pipeline.serving.model import ServedModel
from pipeline.serving.model_card import render_card
from pipeline.serving.signature import SERVING_BYTES

# It shows a photograph from the browser's memory and sends it to this server, and no other.
_SOURCES = "img-src blob: data:; connect-src 'self'"
# A photograph in a format that the model does not read takes memory while it is converted.
_CONVERTED_AT_ONCE = 2


@dataclass(frozen=True)
class TryPage:
    """The handlers."""

    context: Context
    # A conversion goes on after its request has timed out, and still counts.
    _converting: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_CONVERTED_AT_ONCE, "conversion")
    )

    def routes(self) -> list[Route]:
        """Returns the routes."""
        return [
            Route("/", self.page, methods=["GET"]),
            Route("/card", self.card, methods=["GET"]),
            Route("/classify", self.classify, methods=["POST"]),
        ]

    async def page(self, _: Request) -> Response:
        """Answers with the page."""
        model = self.context.versions.serving()
        content = render(
            "try.html.j2",
            styles=(STYLE, "try.css"),
            script="try.js",
            sources=_SOURCES,
            model_name=self.context.name,
            model=model,
            card=render_card(model.card) if model else Markup(""),
        )
        return HTMLResponse(content)

    async def card(self, _: Request) -> Response:
        """Answers with the serving version and its model card as HTML."""
        model = self._serving()
        return JSONResponse({"version": model.version, "html": str(render_card(model.card))})

    async def classify(self, request: Request) -> Response:
        """Answers a photograph, an image file of any format, with its probabilities by class."""
        self._serving()
        async with self.context.bodies.receive(request) as body, self.context.in_time():
            model = self._serving()
            loop = asyncio.get_running_loop()
            photograph = await loop.run_in_executor(self._converting, self._prepare, body)
            signature = model.signatures[SERVING_BYTES]
            outputs = await self.context.predict(request, model, signature, [photograph])
        values = outputs["probabilities"][0].tolist()
        return JSONResponse(
            {
                "version": model.version,
                "label": outputs["label"][0].decode(errors="replace"),
                "probabilities": dict(zip(model.class_names, values, strict=True)),
            }
        )

    def _prepare(self, content: bytes) -> Input:
        """Converts a photograph as `flowers predict` does, if the model does not read its format.

        Raises:
          RequestError: It cannot be read, or is too large.
        """
        pixels = self.context.check_photograph(content)
        image = to_input_image("", content)
        if image.error:
            raise RequestError(400, image.error)
        if image.content is not content:
            pixels = self.context.check_image(image.content, "the image")
        return Input(image.content, pixels)

    def _serving(self) -> ServedModel:
        model = self.context.versions.serving()
        if not model:
            raise RequestError(404, "no version serves")
        return model
