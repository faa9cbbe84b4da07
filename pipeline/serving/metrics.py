"""The metrics of the server, in the format of Prometheus."""

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_IMAGES = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """The metrics of one server, in a registry of their own."""

    def __init__(self) -> None:
        """Creates the metrics, without values."""
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "flowers_requests", "Answered requests.", ["endpoint", "status"], registry=registry
        )
        self._seconds = Histogram(
            "flowers_request_seconds", "Time from the headers of a request to its answer.",
            ["endpoint"], buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._batch_images = Histogram(
            "flowers_batch_images", "Images in a batch.", buckets=_IMAGES, registry=registry
        )
        self._batch_seconds = Histogram(
            "flowers_batch_seconds", "Time of the model for a batch.", buckets=_SECONDS,
            registry=registry,
        )  # fmt: skip
        self._predictions = Counter(
            "flowers_predictions", "Predicted classes.", ["version", "label"], registry=registry
        )
        self._loads = Counter(
            "flowers_loads", "Attempts to load a version.", ["result"], registry=registry
        )
        self._version = Gauge(
            "flowers_version", "The serving version; 0 if there is none.", registry=registry
        )
        self._waiting = Gauge(
            "flowers_images_waiting", "Images that wait for the model.", registry=registry
        )

    def count_request(self, endpoint: str, status: int, seconds: float) -> None:
        """Counts an answered request."""
        self._requests.labels(endpoint, str(status)).inc()
        self._seconds.labels(endpoint).observe(seconds)

    def count_batch(self, images: int, seconds: float) -> None:
        """Counts a batch."""
        self._batch_images.observe(images)
        self._batch_seconds.observe(seconds)

    def count_predictions(self, version: int, labels: Iterable[bytes]) -> None:
        """Counts predicted classes."""
        for label, count in Tally(labels).items():
            self._predictions.labels(str(version), label.decode(errors="replace")).inc(count)

    def count_load(self, succeeded: bool) -> None:
        """Counts an attempt to load a version."""
        self._loads.labels("succeeded" if succeeded else "failed").inc()

    def expose(self, version: int, waiting: int) -> bytes:
        """Returns all metrics as text; the arguments are the present values of the gauges."""
        self._version.set(version)
        self._waiting.set(waiting)
        return generate_latest(self._registry)
