"""Connections with limits that uvicorn does not have: their number, and the time of a request.

uvicorn takes a class for connections (`http=`), but does not document what its own class calls. The
tests of the limits fail if another version calls something else.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from pipeline.serving.limits import Limits


def limited_protocol(limits: Limits) -> type[H11Protocol]:
    """Returns the protocol of a server, which uvicorn instantiates for each connection."""
    return type("LimitedProtocol", (_LimitedProtocol,), {"limits": limits})


class _LimitedProtocol(H11Protocol):
    """A connection that is closed if the client is too slow.

    uvicorn only limits the time between two requests. Here the headers of a request have
    `receive_s` from the start of the connection or the end of the answer before, in which the
    client must also take that answer; and its body, its answer and the sending of the answer
    together have the sum of their limits.
    """

    limits: Limits
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Accepts a connection, or closes it at once if there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            transport.abort()
            return
        self._set_deadline(self.limits.receive_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends the connection."""
        self._clear_deadline()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Starts a request once its headers are complete."""
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._set_deadline(2 * self.limits.receive_s + self.limits.timeout_s)

    def on_response_complete(self) -> None:
        """Lets the client take the answer, and send the next request.

        What is left of a request that was refused early is read and dropped in this time.
        """
        self._set_deadline(self.limits.receive_s)
        super().on_response_complete()

    def _set_deadline(self, seconds: float) -> None:
        self._clear_deadline()
        self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def _clear_deadline(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
