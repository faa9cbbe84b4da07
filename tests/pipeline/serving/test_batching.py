"""Dynamic batching, with signatures in Python that record what they are given."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from pipeline.serving.batching import Batcher, Input
from pipeline.serving.errors import RejectedInput, RequestError
from pipeline.serving.limits import Limits

LIMITS = Limits(batch=4, parallel=1, delay_s=0.2, queued=20, pixels=100)


@dataclass
class Recorder:
    """A signature that returns its inputs, rejects `bad`, and waits for `go`."""

    batches: list[list[bytes]] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)

    def run(self, values: Sequence[bytes]) -> dict[str, np.ndarray]:
        assert self.go.wait(20)
        self.batches.append(list(values))
        if b"bad" in values:
            raise RejectedInput("bad")
        if b"memory" in values:
            raise MemoryError
        return {"value": np.array(values, dtype=object)}


def inputs(*values: bytes, pixels: int = 0) -> list[Input]:
    return [Input(value, pixels) for value in values]


def run(scenario, limits: Limits = LIMITS):
    """Runs `scenario(batcher, signature)` while batches are run."""

    async def main():
        batcher, signature = Batcher(limits), Recorder()
        signature.go.set()
        batching = asyncio.create_task(batcher.run())
        try:
            return await asyncio.wait_for(scenario(batcher, signature), 30)
        finally:
            batching.cancel()
            batcher.close()

    return asyncio.run(main())


def answers(results):
    return [list(r["value"]) if isinstance(r, dict) else repr(r) for r in results]


async def ask(batcher: Batcher, signature: Recorder, *requests: list[Input]):
    tasks = [batcher.predict(signature, request) for request in requests]
    return answers(await asyncio.gather(*tasks, return_exceptions=True))


def test_requests_that_wait_together_are_one_batch():
    async def scenario(batcher, signature):
        found = await ask(batcher, signature, inputs(b"a"), inputs(b"b", b"c"), inputs(b"d"))
        assert found == [[b"a"], [b"b", b"c"], [b"d"]]
        assert signature.batches == [[b"a", b"b", b"c", b"d"]]

    # The batch is full, so that it does not wait.
    run(scenario, replace(LIMITS, delay_s=1000))


def test_the_signature_of_the_last_batch_is_not_kept():
    async def scenario(batcher, _):
        signature = Recorder()
        signature.go.set()
        await ask(batcher, signature, inputs(b"a"))
        # The batch ends after its answers are there.
        await asyncio.sleep(0.1)
        kept = weakref.ref(signature)
        del signature
        gc.collect()
        assert kept() is None

    run(scenario)


def test_a_request_is_not_delayed_for_ever():
    async def scenario(batcher, signature):
        assert await ask(batcher, signature, inputs(b"a")) == [[b"a"]]

    run(scenario)


def test_a_batch_has_at_most_its_size_and_a_large_request_has_several():
    async def scenario(batcher, signature):
        values = [str(index).encode() for index in range(9)]
        found = await ask(batcher, signature, inputs(b"a", b"b", b"c"), inputs(*values))
        assert found == [[b"a", b"b", b"c"], values]
        assert [len(batch) for batch in signature.batches] == [3, 4, 4, 1]

    run(scenario)


def test_a_batch_has_at_most_the_pixels_of_the_largest_image():
    async def scenario(batcher, signature):
        large, small = inputs(b"a", b"b", pixels=60), inputs(b"c", pixels=30)
        assert await ask(batcher, signature, large, small) == [[b"a", b"b"], [b"c"]]
        assert signature.batches == [[b"a"], [b"b", b"c"]]

    run(scenario)


def test_signatures_are_not_mixed():
    async def scenario(batcher, signature):
        other = Recorder(go=signature.go)
        first = batcher.predict(signature, inputs(b"a"))
        second = batcher.predict(other, inputs(b"b"))
        third = batcher.predict(signature, inputs(b"c"))
        assert answers(await asyncio.gather(first, second, third)) == [[b"a"], [b"b"], [b"c"]]
        assert (signature.batches, other.batches) == ([[b"a"], [b"c"]], [[b"b"]])

    run(scenario)


def test_a_bad_input_fails_its_request_alone():
    async def scenario(batcher, signature):
        requests = inputs(b"a"), inputs(b"b", b"bad"), inputs(b"c")
        found = await ask(batcher, signature, *requests)
        assert found == [[b"a"], "RejectedInput('bad')", [b"c"]]

    run(scenario)


def test_another_error_fails_the_batch_and_not_the_next_one():
    async def scenario(batcher, signature):
        assert await ask(batcher, signature, inputs(b"memory")) == ["MemoryError()"]
        assert await ask(batcher, signature, inputs(b"a")) == [[b"a"]]

    run(scenario)


async def occupied(batcher, signature):
    """Returns the task of a request whose batch runs until `signature.go` is set."""
    signature.go.clear()
    running = asyncio.create_task(batcher.predict(signature, inputs(b"a", b"b", b"c", b"d")))
    while batcher.waiting or not batcher.running:
        await asyncio.sleep(0.01)
    return running


def test_too_many_waiting_images_are_refused_until_the_model_has_caught_up():
    async def scenario(batcher, signature):
        running = await occupied(batcher, signature)
        waiting = asyncio.create_task(batcher.predict(signature, inputs(*[b"e"] * 20)))
        await asyncio.sleep(0)
        with pytest.raises(RequestError, match="20 images are waiting, and at most 20") as caught:
            await batcher.predict(signature, inputs(b"f"))
        assert caught.value.status == 429
        signature.go.set()
        await asyncio.gather(running, waiting)
        assert await ask(batcher, signature, inputs(b"f")) == [[b"f"]]
        assert batcher.waiting == 0

    run(scenario)


def test_a_request_that_is_given_up_leaves_the_queue():
    async def scenario(batcher, signature):
        running = await occupied(batcher, signature)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await batcher.predict(signature, inputs(*[b"late"] * 9))
        assert batcher.waiting == 0
        signature.go.set()
        await running
        assert await ask(batcher, signature, inputs(b"f")) == [[b"f"]]
        assert [b"late"] not in [sorted(set(batch)) for batch in signature.batches]

    run(scenario)


def test_a_model_that_hangs_is_stuck():
    async def scenario(batcher, signature):
        assert not batcher.is_stuck()
        signature.go.clear()
        running = asyncio.create_task(batcher.predict(signature, inputs(b"a")))
        while not batcher.is_stuck():
            await asyncio.sleep(0.01)
        signature.go.set()
        await running
        assert not batcher.is_stuck()

    run(scenario, replace(LIMITS, timeout_s=0.05))


def test_without_anybody_who_runs_batches_it_is_stuck():
    async def scenario(batcher, signature):
        def fail(images, seconds):
            raise ValueError("a bug")

        batcher.on_batch = fail
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(batcher.predict(signature, inputs(b"a")), 1)
        assert batcher.is_stuck()

    run(scenario)


def test_batches_are_reported():
    async def scenario(batcher, signature):
        seen = []
        batcher.on_batch = lambda images, seconds: seen.append((images, seconds >= 0))
        await ask(batcher, signature, inputs(b"a"), inputs(b"b", b"c"))
        assert seen == [(3, True)]

    run(scenario)


def test_as_many_batches_as_allowed_run_at_the_same_time():
    async def scenario(batcher, signature):
        signature.go.clear()
        first = [asyncio.create_task(batcher.predict(signature, inputs(b"a", b"b", b"c", b"d")))]
        first += [asyncio.create_task(batcher.predict(signature, inputs(b"e", b"f", b"g", b"h")))]
        third = asyncio.create_task(batcher.predict(signature, inputs(b"i")))
        while len(batcher.running) < 2:
            await asyncio.sleep(0.01)
        assert batcher.waiting == 1
        signature.go.set()
        assert answers(await asyncio.gather(*first, third))[2] == [b"i"]

    run(scenario, replace(LIMITS, parallel=2))
