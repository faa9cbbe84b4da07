"""A root that moves between the lines of TFX: what one line wrote, the other opens and continues.

Each call is one move. Called in the environments of both lines in turn, with the same folder, the
test checks in each what the other has left there:

    pytest tests/e2e/test_moved_root.py --moved-root=DIR
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.synthetic import write_sample
from pipeline.compat import this_python
from pipeline.fingerprint import version_of
from pipeline.steps import STEPS

OPTIONS = [
    "transform.image_size=32", "trainer.epochs=1", "trainer.batch_size=16", "gate.min_examples=1",
    "gate.target=0", "data.split_salt=2",
]  # fmt: skip
# The same weights answer in another order of the same float32 operations.
TOLERANCE = 1e-4


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> Path:
    moved = request.config.getoption("moved_root")
    if not moved:
        pytest.skip("needs the environments of both lines: --moved-root=DIR")
    return Path(moved)


def test_a_root_of_one_line_is_continued_by_the_other(flowers, folder):
    data, root, answers = folder / "data", folder / "root", folder / "answers.json"
    if not data.exists():
        write_sample(data, count=120, shards=2, pixels=32)
    settings = [part for setting in OPTIONS for part in ("--set", setting)]
    run = ["run", "--data", data, "--root", root, *settings]
    moved = answers.exists()
    if moved:
        before = json.loads(answers.read_text(encoding="utf-8"))
        check_answers(before, classify(flowers, root, folder))
        check_reasons(flowers(*run, "--dry-run").out, before)
    done = flowers(*run)
    assert done.code == 0, done.out + done.err
    assert "Nothing to do" in flowers(*run).out
    entry, *older = flowers("runs", "--root", root, "--json").json()
    assert (entry["state"], len(older) > 0) == ("pushed", moved)
    check_steps(entry, len(older))
    now = {"python": this_python(), "tfx": version_of("tfx")}
    answers.write_text(
        json.dumps({**now, "images": classify(flowers, root, folder)}), encoding="utf-8"
    )


def classify(flowers: Any, root: Path, folder: Path) -> Any:
    """Returns what the serving model answers for a few images."""
    images = folder / "images"
    if not images.exists():
        write_pictures(images)
    answer = flowers("predict", "--root", root, "--json", *sorted(images.iterdir()))
    assert answer.code == 0, answer.err
    return answer.json()


def write_pictures(folder: Path) -> None:
    from PIL import Image

    folder.mkdir()
    for seed in range(5):
        pixels = np.random.default_rng(seed).integers(0, 255, [6, 6, 3], np.uint8)
        Image.fromarray(pixels).resize((64, 48)).save(folder / f"{seed}.jpg")


def check_answers(before: Any, now: Any) -> None:
    """The model of the other line answers on this one as it did there."""
    assert len(now) == len(before["images"])
    for there, here in zip(before["images"], now, strict=True):
        assert here["label"] == there["label"]
        assert here["probabilities"].keys() == there["probabilities"].keys()
        for name, probability in here["probabilities"].items():
            assert probability == pytest.approx(there["probabilities"][name], abs=TOLERANCE)


def check_reasons(plan: str, before: Any) -> None:
    """All steps run that use a library, and the console says which line was there before."""
    assert before["python"] != this_python(), "both calls were in environments of one line"
    lines = dict(line.split(maxsplit=1) for line in plan.splitlines())
    change = f"its libraries changed: tfx {before['tfx']} -> {version_of('tfx')}"
    for step, inputs in STEPS.items():
        assert lines[step].startswith(f"would run: {change}" if inputs.libraries else "unchanged")


def check_steps(entry: Any, moves: int) -> None:
    """The first move to a line runs its steps; later ones find them in the cache."""
    states = {step["name"]: step["state"] for step in entry["steps"]}
    if moves == 1:
        assert states.pop("Schema") == "cached"
        assert set(states.values()) == {"done"}
    elif moves > 1:
        assert states["Trainer"] == "cached"
