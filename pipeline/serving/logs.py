"""Where the server writes: what happens to stderr, the access log to stdout."""

import logging
import sys

from pipeline.serving.observation import access_log


def write_logs() -> None:
    """Writes the events of the server to stderr, and its access log to stdout as JSON lines."""
    events = logging.StreamHandler(sys.stderr)
    events.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    for name in ("pipeline.serving", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [events], False
    logging.getLogger("pipeline.serving").setLevel(logging.INFO)
    # Its lines about starting and stopping repeat ours.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    access_log.handlers, access_log.propagate = [logging.StreamHandler(sys.stdout)], False
    access_log.setLevel(logging.INFO)
