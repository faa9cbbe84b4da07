"""After images change their splits, no model is judged by images that it was trained on."""

import numpy as np
import pytest

from components.image_hashes import read_hashes, read_seen
from data.synthetic import write_sample

pytestmark = pytest.mark.slow

SETTINGS = [
    "transform.image_size=32", "trainer.epochs=1", "trainer.batch_size=16", "gate.target=0.0",
    "gate.max_loss=1", "gate.significance=0.000001",
]  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("resplit")
    write_sample(root / "data", count=240, shards=2, pixels=32)
    return root


@pytest.fixture(scope="module")
def run(flowers, root):
    def run_with(*changes):
        options = [option for s in (*SETTINGS, *changes) for option in ("--set", s)]
        return flowers("run", "--data", root / "data", "--root", root / "root", *options)

    return run_with


@pytest.fixture(scope="module")
def newest(flowers, root):
    return lambda: flowers("runs", "--root", root / "root", "--json").json()[0]


def unseen(root, version, entry):
    """Returns the number of test images of a run that a version has not seen."""
    test = read_hashes(entry["quarantine"])["test"]
    return int((~np.isin(test, read_seen(str(root / "root" / "serving" / version)))).sum())


def test_a_model_records_the_images_that_it_has_seen(run, newest, root):
    answer = run("data.split_salt=2", "gate.min_examples=1")
    assert answer.code == 0, answer.out
    entry = newest()
    hashes = read_hashes(entry["quarantine"])
    seen = read_seen(str(root / "root" / "serving" / "1"))
    assert set(seen) == {*hashes["train"], *hashes["eval"]}
    assert len(hashes["test"]) == entry["examples"]["test"] == unseen(root, "1", entry)


def test_the_models_are_compared_on_images_that_neither_has_seen(run, newest, root):
    answer = run("data.split_salt=3", "gate.min_examples=1")
    assert answer.code == 0, answer.out
    entry = newest()
    left = unseen(root, "1", entry)
    assert 0 < left < entry["verdict"]["n"]
    assert (entry["verdict"]["baseline"]["version"], entry["verdict"]["baseline"]["n"]) == (1, left)
    assert f"on the {left} test images that it has not seen in its training" in answer.out


def test_a_warm_start_across_the_change_is_refused(run, newest):
    answer = run("data.split_salt=2", "gate.min_examples=1", "model.warm_start=serving")
    assert answer.code == 2
    assert "trained with other splits (data.split_salt 3 -> 2)" in answer.err
    assert "--set model.warm_start=none starts cold" in answer.err


def test_with_too_few_such_images_there_is_no_comparison_and_advice(run, newest, root):
    answer = run("data.split_salt=4", "gate.min_examples=16")
    assert answer.code == 0, answer.out
    entry = newest()
    assert entry["verdict"]["baseline"] is None
    n = entry["verdict"]["n"]
    assert f"has seen {n - unseen(root, '2', entry)} of the {n} test images" in answer.out
    assert "undo the change of data.split_salt" in answer.out
