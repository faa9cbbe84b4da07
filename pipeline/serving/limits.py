"""The limits of the server: what a request may be, and what may wait at the same time."""

from dataclasses import dataclass

from data.images.limits import MAX_PIXELS

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Limits of one server.

    Attributes:
      body_bytes: Largest body of a request. `flowers predict` sends at most this, see
        `pipeline.inference.predict.BATCH_BYTES`.
      images: Most images in a request.
      pixels: Most pixels of an image, and of a batch of several images.
      queued: Most images that wait for the model at the same time.
      batch: Most images in a batch.
      parallel: Batches that run at the same time: while TensorFlow decodes the images of one, it
        leaves cores to another.
      delay_s: How long an image waits for others to fill its batch, in seconds.
      timeout_s: Time limit for the answer to a request, from its last byte, in seconds.
      receive_s: Time limit for receiving a request, headers and body each, in seconds.
      connections: Most connections at the same time.
    """

    body_bytes: int = 64 * MEBIBYTE
    images: int = 128
    pixels: int = MAX_PIXELS
    queued: int = 512
    batch: int = 32
    parallel: int = 2
    delay_s: float = 0.002
    timeout_s: float = 30.0
    receive_s: float = 60.0
    connections: int = 256

    @property
    def total_body_bytes(self) -> int:
        """Largest sum of the bodies that are in memory at the same time."""
        return 4 * self.body_bytes
