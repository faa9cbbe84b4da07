"""Where the server writes: what happens to stderr, the access log to stdout."""

import logging
import os
import sys

from pipeline.serving.observation import access_log


class _AccessLog(logging.StreamHandler):
    """Writes to stdout, until nobody reads it any more, as after `flowers serve | head`."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Ends the access log if its reader is gone."""
        if isinstance(sys.exception(), BrokenPipeError):
            access_log.removeHandler(self)
            # What is still buffered goes nowhere, instead of being an error at the end of Python.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())
            os.close(nowhere)
            logging.getLogger(__name__).warning("nobody reads the access log any more; it ends")
        else:
            super().handleError(record)


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
    access_log.handlers, access_log.propagate = [_AccessLog(sys.stdout)], False
    access_log.setLevel(logging.INFO)
