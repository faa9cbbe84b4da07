"""Records that are read through TensorFlow's file systems, here `file://` instead of `gs://`."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.synthetic import write_sample

pytestmark = pytest.mark.slow

OPTIONS = [
    option
    for setting in (
        "data.spans=last 2", "data.split_salt=2", "transform.image_size=32", "trainer.epochs=1",
        "trainer.batch_size=16", "gate.target=0.0", "gate.min_examples=1", "gate.max_loss=1",
    )
    for option in ("--set", setting)
]  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    """Two spans of 60 images, and the root."""
    base = tmp_path_factory.mktemp("remote")
    for span in (1, 2):
        write_sample(base / "records" / f"span-{span}", count=60, shards=1, pixels=32, seed=span)
    return base


@pytest.fixture(scope="module")
def run(flowers, base) -> Callable[..., Any]:
    def run_with(*options: str) -> Any:
        where = ("--data", f"file://{base}/records/span-{{SPAN}}/*", "--root", base / "root")
        return flowers("run", *where, *OPTIONS, *options)

    return run_with


@pytest.fixture(scope="module")
def newest(flowers, base) -> Callable[[], Any]:
    return lambda: flowers("runs", "--root", base / "root", "--json").json()[0]


def test_a_file_that_is_added_to_any_span_is_read(run, newest, base):
    assert run("--until", "ExampleGen").code == 0
    assert sum(newest()["examples"].values()) == 120
    # The times of `file://` are whole seconds.
    time.sleep(1.1)
    write_sample(base / "more", count=40, shards=1, pixels=32, seed=3)
    (added,) = (base / "more").glob("*.tfrec")
    added.rename(base / "records" / "span-1" / "added-40.tfrec")
    assert run("--until", "ExampleGen").code == 0
    assert sum(newest()["examples"].values()) == 160


def test_nothing_is_done_if_nothing_changed(run, newest):
    assert run().code == 0
    answer = run()
    assert (answer.code, "Nothing to do" in answer.out) == (0, True)
    assert newest()["pushed"] == 1


def test_a_warm_start_is_chosen_once(run, newest):
    answer = run("--set", "model.warm_start=serving")
    assert answer.code == 0, answer.out
    assert newest()["warm_start"]["version"] == 1
    assert "Nothing to do" in run("--set", "model.warm_start=serving").out
