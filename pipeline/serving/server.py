"""Runs the server until SIGINT or SIGTERM."""

import ipaddress
import logging
import os
import socket
import sys
import warnings
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NoReturn

import uvicorn
from PIL import Image

from data.common.errors import UsageError
from data.common.formatting import shell_word
from pipeline.root_files import SERVING_FOLDER
from pipeline.serving.app import create_app
from pipeline.serving.batching import Batcher
from pipeline.serving.bodies import Bodies
from pipeline.serving.connection import limited_protocol
from pipeline.serving.context import Context
from pipeline.serving.limits import Limits
from pipeline.serving.logs import write_logs
from pipeline.serving.metrics import Metrics
from pipeline.serving.model import load_model
from pipeline.serving.versions import Versions

# How long requests in flight may take after a signal to stop, in seconds.
SHUTDOWN_SECONDS = 15

log = logging.getLogger(__name__)


def serve_root(root: Path, host: str, port: int, name: str, limits: Limits) -> NoReturn:
    """Serves the models that are pushed under a root, and ends the process at SIGINT or SIGTERM.

    The exit code is 128 and the number of the signal.

    Args:
      root: The root, which need not have a pushed model yet.
      host: The address to listen at.
      port: The port, or 0 for a free one.
      name: The name of the model in URLs.
      limits: The limits.

    Raises:
      UsageError: The root does not exist, or the address cannot be used.
    """
    if not root.is_dir():
        command = f"flowers run --root {shell_word(str(root))}"
        raise UsageError(f"--root: there is no folder {root}; {command} trains and pushes a model")
    write_logs()
    with bind(host, port) as listener:
        url = url_of(listener)
        log.info("loading TensorFlow and the newest model of %s", root / SERVING_FOLDER)
        if not ipaddress.ip_address(listener.getsockname()[0]).is_loopback:
            log.warning("%s is not only for this machine, and there is no authentication", url)
        server = Server(create_context(root, name, limits))
        server.serve_until_stopped(listener)
        log.info("stopped")
    # Python would wait for a batch that runs, and take TensorFlow away from a version that is being
    # loaded, which can abort the process.
    sys.stdout.flush()
    os._exit(128 + server.stopped_by)


def create_context(root: Path, name: str, limits: Limits) -> Context:
    """Returns the parts of a server of the models that are pushed under a root."""
    metrics, load = Metrics(), partial(load_model, batch=limits.batch)
    return Context(
        name=name,
        limits=limits,
        versions=Versions(root / SERVING_FOLDER, load, metrics.count_load),
        batcher=Batcher(limits, metrics.count_batch),
        bodies=Bodies(limits),
        metrics=metrics,
    )


class Server(uvicorn.Server):
    """The server of one context.

    Attributes:
      stopped_by: The number of the signal that stopped it, or 0.
    """

    def __init__(self, context: Context):
        """Prepares the server; nothing is loaded or opened yet."""
        # The limit for pixels is checked by `decoded_pixels`.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        super().__init__(
            uvicorn.Config(
                create_app(context),
                http=limited_protocol(context.limits),
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws="none",
                timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            )
        )
        self.context = context
        self.stopped_by = 0

    def serve_until_stopped(self, listener: socket.socket) -> None:
        """Loads the newest version, then answers requests until SIGINT or SIGTERM."""
        self.context.versions.try_poll()
        self.run(sockets=[listener])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Opens the socket, and says what is served there."""
        await super().startup(sockets)
        model = self.context.versions.serving()
        if not model:
            folder = self.context.versions.folder
            log.warning("no version serves: %s has none that can be loaded", folder)
        for listener in sockets or []:
            log.info(
                "listening at %s/, the API is /v1/models/%s", url_of(listener), self.context.name
            )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stops at a signal, which uvicorn would raise again; a second one waits for no request."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self.stopped_by = sig


def bind(host: str, port: int) -> socket.socket:
    """Returns a socket for a server, which does not listen yet.

    Raises:
      UsageError: The address cannot be used.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise UsageError(f"--host {host} --port {port}: {error.strerror or error}") from error
    return listener


def url_of(listener: socket.socket) -> str:
    """Returns the URL of a server without a path."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
