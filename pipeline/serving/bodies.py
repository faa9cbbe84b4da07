"""Receives the bodies of requests, within limits of size, time and memory."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

from data.common.formatting import format_size
from pipeline.serving.errors import RequestError
from pipeline.serving.limits import Limits


@dataclass
class Bodies:
    """The bodies in memory.

    Attributes:
      limits: The limits.
      held: The sum of the sizes of all bodies in memory, in bytes.
    """

    limits: Limits
    held: int = 0

    @contextlib.asynccontextmanager
    async def receive(self, request: Request) -> AsyncIterator[bytes]:
        """Yields the body of a request, which counts as held until the context ends.

        Raises:
          RequestError: The body is too large (413), compressed (415), too slow (408) or interrupted
            (400), or there are too many bodies in memory (429).
        """
        self._check_announced(request)
        parts: list[bytes] = []
        try:
            await self._read(request, parts)
            # The parts must not stay in memory as well.
            parts[:] = [b"".join(parts)]
            yield parts[0]
        finally:
            self.held -= sum(map(len, parts))

    async def _read(self, request: Request, parts: list[bytes]) -> None:
        length = 0
        try:
            async with asyncio.timeout(self.limits.receive_s):
                async for part in request.stream():
                    parts.append(part)
                    length += len(part)
                    self.held += len(part)
                    self._check(length)
        except TimeoutError as error:
            seconds = f"{self.limits.receive_s:g} s"
            raise RequestError(408, f"the body did not arrive within {seconds}") from error
        except ClientDisconnect as error:
            raise RequestError(400, "the client closed the connection") from error

    def _check_announced(self, request: Request) -> None:
        """Refuses a body that is too large, or compressed, before it is sent."""
        encoding = request.headers.get("content-encoding", "identity")
        if encoding != "identity":
            raise RequestError(415, f"the body must not be encoded; Content-Encoding is {encoding}")
        # h11 has rejected a length that is not a number.
        if int(request.headers.get("content-length", 0)) > self.limits.body_bytes:
            raise self._too_large()

    def _check(self, length: int) -> None:
        if length > self.limits.body_bytes:
            raise self._too_large()
        if self.held > self.limits.total_body_bytes:
            raise RequestError(429, "too many requests are being received; try again later")

    def _too_large(self) -> RequestError:
        limit = format_size(self.limits.body_bytes)
        return RequestError(413, f"the body is larger than {limit}; send fewer images at a time")
