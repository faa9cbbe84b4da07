"""What the handlers of requests share."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request

from data.images.header import SuspiciousImage, announced_pixels, decoded_pixels
from pipeline.serving.batching import Batcher, Input
from pipeline.serving.bodies import Bodies
from pipeline.serving.errors import RejectedInput, RequestError
from pipeline.serving.limits import Limits
from pipeline.serving.metrics import Metrics
from pipeline.serving.model import ServedModel
from pipeline.serving.signature import Outputs, Signature
from pipeline.serving.versions import Versions

# The key of the facts about a request in its scope.
FACTS = "flowers.facts"


@dataclass
class RequestFacts:
    """What the access log says about a request besides path and status."""

    status: int = 500
    images: int = 0
    version: int = 0
    error: str = ""


@dataclass(frozen=True)
class Context:
    """The parts of a server.

    Attributes:
      name: The name of the model in URLs.
      limits: The limits.
      versions: The versions of the model.
      batcher: Runs the model.
      bodies: Receives bodies.
      metrics: Counts.
    """

    name: str
    limits: Limits
    versions: Versions
    batcher: Batcher
    bodies: Bodies
    metrics: Metrics = field(default_factory=Metrics)

    @contextlib.asynccontextmanager
    async def in_time(self) -> AsyncIterator[None]:
        """Limits the time from the last byte of a request to its answer.

        Raises:
          RequestError: It is over (504).
        """
        try:
            async with asyncio.timeout(self.limits.timeout_s):
                yield
        except TimeoutError as error:
            seconds = f"{self.limits.timeout_s:g} s"
            raise RequestError(504, f"there was no answer within {seconds}") from error

    async def predict(
        self, request: Request, model: ServedModel, signature: Signature, inputs: Sequence[Input]
    ) -> Outputs:
        """Returns the model's outputs for the inputs of a request.

        Raises:
          RequestError: The model rejects an input (400), or too many images wait (429).
        """
        facts = facts_of(request)
        facts.images, facts.version = len(inputs), model.version
        try:
            outputs = await self.batcher.predict(signature, inputs)
        except RejectedInput as error:
            raise RequestError(400, str(error)) from error
        self.metrics.count_predictions(model.version, outputs["label"])
        return outputs

    def check_image(self, image: bytes, where: str) -> int:
        """Returns the number of pixels of an encoded image, as `decoded_pixels` does.

        Raises:
          RequestError: The image must not be decoded.
        """
        return self._check(decoded_pixels, image, where)

    def check_photograph(self, image: bytes) -> int:
        """Returns the number of pixels of an image of any format, as `announced_pixels` does.

        Raises:
          RequestError: The image must not be decoded.
        """
        return self._check(announced_pixels, image, "the image")

    def _check(self, count: Callable[[bytes], int], image: bytes, where: str) -> int:
        try:
            pixels = count(image)
        except SuspiciousImage as error:
            raise RequestError(400, f"{where}: {error}") from error
        if pixels > self.limits.pixels:
            raise RequestError(
                413, f"{where}: {pixels:,} pixels, and an image may have {self.limits.pixels:,}"
            )
        return pixels


def facts_of(request: Request) -> RequestFacts:
    """Returns the facts about a request, which its handler completes."""
    facts: RequestFacts = request.scope[FACTS]
    return facts
