"""Dynamic batching: requests that wait at the same time are run by the model together."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

import numpy as np

from pipeline.serving.errors import RejectedInput, RequestError
from pipeline.serving.limits import Limits
from pipeline.serving.signature import Outputs, Signature


@dataclass(frozen=True)
class Input:
    """A value for a signature, and the number of pixels that the model decodes for it."""

    value: bytes
    pixels: int = 0


@dataclass(eq=False)
class _Chunk:
    """Inputs of one request that fit into one batch."""

    signature: Signature
    inputs: Sequence[Input]
    result: "asyncio.Future[Outputs]"
    arrived: float

    @property
    def pixels(self) -> int:
        return sum(item.pixels for item in self.inputs)


@dataclass
class Batcher:
    """Runs batches in threads; everything else happens on the event loop.

    Attributes:
      limits: The limits for batches and for what waits.
      on_batch: Called after each batch with the number of its images and its seconds.
      waiting: The number of images that wait.
      running: When each of the batches that run now started, on the clock of the event loop.
    """

    limits: Limits
    on_batch: Callable[[int, float], None] = lambda images, seconds: None
    waiting: int = 0
    running: dict[int, float] = field(default_factory=dict)
    _chunks: deque[_Chunk] = field(default_factory=deque)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _ended: bool = False

    def __post_init__(self) -> None:
        """Prepares the threads."""
        self._threads = ThreadPoolExecutor(self.limits.parallel, thread_name_prefix="model")

    async def predict(self, signature: Signature, inputs: Sequence[Input]) -> Outputs:
        """Returns the outputs of a signature for the inputs of one request, in their order.

        Raises:
          RequestError: Too many images wait already (429).
          RejectedInput: The model cannot process one of the inputs.
        """
        if self.waiting + len(inputs) > self.limits.queued:
            raise RequestError(
                429, f"{self.waiting} images are waiting, and at most {self.limits.queued} may"
            )
        loop = asyncio.get_running_loop()
        chunks = [
            _Chunk(signature, part, loop.create_future(), loop.time())
            for part in self._split(inputs)
        ]
        self._chunks.extend(chunks)
        self.waiting += len(inputs)
        self._arrived.set()
        try:
            results = await asyncio.gather(*(chunk.result for chunk in chunks))
        finally:
            self._forget(chunks)
        names = results[0]
        return {name: np.concatenate([r[name] for r in results]) for name in names}

    def is_stuck(self) -> bool:
        """Returns whether batches have ended, or one has been running longer than a request may."""
        now = asyncio.get_running_loop().time()
        return self._ended or any(
            now - started > self.limits.timeout_s for started in self.running.values()
        )

    async def run(self) -> None:
        """Runs batches until it is cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(self.limits.parallel):
                    group.create_task(self._run_batches(number))
        finally:
            self._ended = True

    async def _run_batches(self, number: int) -> None:
        """Runs one batch after another."""
        while True:
            # No variable keeps a batch, and with it a version, while there is no other.
            await self._run_batch(number, await self._next_batch())

    async def _run_batch(self, number: int, batch: Sequence[_Chunk]) -> None:
        loop = asyncio.get_running_loop()
        started = self.running[number] = loop.time()
        results = await loop.run_in_executor(self._threads, _run, batch)
        del self.running[number]
        images = sum(len(chunk.inputs) for chunk in batch)
        self.on_batch(images, loop.time() - started)
        for chunk, result in zip(batch, results, strict=True):
            _resolve(chunk, result)

    def close(self) -> None:
        """Ends the threads, without waiting for a batch that is stuck."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _split(self, inputs: Sequence[Input]) -> list[Sequence[Input]]:
        """Splits the inputs of a request into chunks that fit into a batch each."""
        chunks: list[list[Input]] = []
        pixels = 0
        for item in inputs:
            full = not chunks or len(chunks[-1]) == self.limits.batch
            if full or pixels + item.pixels > self.limits.pixels:
                chunks.append([])
                pixels = 0
            chunks[-1].append(item)
            pixels += item.pixels
        return list(chunks)

    async def _next_batch(self) -> list[_Chunk]:
        """Waits for a chunk, then until a batch is full or the first chunk has waited enough."""
        loop = asyncio.get_running_loop()
        while True:
            if not self._chunks:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            left = self._chunks[0].arrived + self.limits.delay_s - loop.time()
            if left <= 0 or self.waiting >= self.limits.batch:
                return self._take()
            self._arrived.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), left)

    def _take(self) -> list[_Chunk]:
        """Removes the first chunks that fit together from the queue."""
        batch: list[_Chunk] = []
        images = pixels = 0
        while self._chunks:
            chunk = self._chunks[0]
            images, pixels = images + len(chunk.inputs), pixels + chunk.pixels
            if batch and (
                chunk.signature is not batch[0].signature
                or images > self.limits.batch
                or pixels > self.limits.pixels
            ):
                break
            batch.append(self._chunks.popleft())
            self.waiting -= len(chunk.inputs)
        return batch

    def _forget(self, chunks: Sequence[_Chunk]) -> None:
        """Removes chunks that still wait, because their request has failed or timed out."""
        for chunk in chunks:
            chunk.result.cancel()
            if chunk in self._chunks:
                self._chunks.remove(chunk)
                self.waiting -= len(chunk.inputs)


def _run(batch: Sequence[_Chunk]) -> list[Outputs | Exception]:
    """Returns the outputs of each chunk, or its error.

    If the model rejects a batch, its halves are run by themselves, so that an input that it cannot
    process fails no other request.
    """
    values = [item.value for chunk in batch for item in chunk.inputs]
    try:
        outputs = batch[0].signature.run(values)
    except RejectedInput as error:
        if len(batch) == 1:
            return [error]
        half = len(batch) // 2
        return _run(batch[:half]) + _run(batch[half:])
    # Out of memory, for example: the requests get it as their error, and the next batch may run.
    except Exception as error:
        return [error] * len(batch)
    ends = accumulate((len(chunk.inputs) for chunk in batch), initial=0)
    return [
        {name: value[start:end] for name, value in outputs.items()} for start, end in pairwise(ends)
    ]


def _resolve(chunk: _Chunk, result: Outputs | Exception) -> None:
    if chunk.result.done():
        return
    if isinstance(result, Exception):
        chunk.result.set_exception(result)
    else:
        chunk.result.set_result(result)
