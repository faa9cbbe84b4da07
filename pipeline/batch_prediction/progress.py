"""The progress of a batch prediction, from the results that are there."""

import threading
import time

from data.common.formatting import format_duration
from data.common.progress import progress
from pipeline.batch_prediction.plan import Plan

_POLL_S = 1.0
# A bucket is asked less often; lines for readers of a log need not come each second.
_SLOW_POLL_S = 10.0


def watch_shards(plan: Plan, prefix: str, missing: int, ended: threading.Event) -> None:
    """Logs to `flowers.progress` how many of the missing shards are written, until `ended`."""
    started, done = time.monotonic(), 0
    progress.debug("predicting", extra={"total": missing})
    poll_s = _SLOW_POLL_S if "://" in prefix else _POLL_S
    shown = started
    while not ended.wait(poll_s):
        written = missing - len(plan.missing(prefix))
        progress.debug("predicting", extra={"advance": written - done})
        now = time.monotonic()
        if written > done and now - shown >= _SLOW_POLL_S:
            left = (now - started) / written * (missing - written)
            progress.info("%d of %d shards, %s left", written, missing, format_duration(left))
            shown = now
        done = written
