"""`flowers serve`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from data.common.errors import UsageError
from pipeline.cli.options import Root
from pipeline.serving.limits import MEBIBYTE, Limits

_LIMITS = Limits()


def serve(
    root: Root = Path("runs"),
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen at; 0.0.0.0: all of them.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="Port; 0: a free one.")
    ] = 8501,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Name of the model in URLs.")
    ] = "flowers",
    batch_size: Annotated[
        int, typer.Option(min=1, max=1024, metavar="N", help="Most images that run at once.")
    ] = _LIMITS.batch,
    batch_delay: Annotated[
        float,
        typer.Option(min=0, max=1000, metavar="MS", help="Time that an image waits for others."),
    ] = _LIMITS.delay_s * 1000,
    max_images: Annotated[
        int, typer.Option(min=1, metavar="N", help="Most images in a request.")
    ] = _LIMITS.images,
    max_queue: Annotated[
        int, typer.Option(min=1, metavar="N", help="Most images that wait.")
    ] = _LIMITS.queued,
    max_body: Annotated[
        float, typer.Option(min=0.001, metavar="MIB", help="Largest body of a request.")
    ] = _LIMITS.body_bytes / MEBIBYTE,
    max_megapixels: Annotated[
        float, typer.Option(min=0.01, max=178, metavar="N", help="Most pixels of an image.")
    ] = _LIMITS.pixels / 1e6,
    timeout: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="Time limit for an answer.")
    ] = _LIMITS.timeout_s,
) -> None:
    """Serve the newest pushed model over HTTP, with a page to try it.

    It has the REST API of TensorFlow Serving, and follows pushes and rollbacks. There is no
    authentication: whoever reaches the address can use it. Ctrl-C or SIGTERM stops it.

    Examples:
      flowers serve
      flowers serve --root runs/photos --port 8080 > access.log
    """
    from pipeline.serving.server import serve_root

    if max_queue < max_images:
        raise UsageError(
            f"--max-queue must be at least --max-images, got {max_queue} and {max_images}"
        )
    if not name or set(name) & set("/:?#"):
        raise UsageError(f"--name must not be empty or contain one of / : ? #, got {name!r}")
    limits = Limits(
        body_bytes=int(max_body * MEBIBYTE),
        images=max_images,
        pixels=int(max_megapixels * 1e6),
        queued=max_queue,
        batch=batch_size,
        delay_s=batch_delay / 1000,
        timeout_s=timeout,
    )
    serve_root(Path(os.path.abspath(root)), host, port, name, limits)
