"""Classes and spans that are read from the data: two classes, then a third, then 102."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data.classes import classes_setting

pytestmark = pytest.mark.slow

# Names that libraries would read as markup, formulas or values. Their ids follow their order.
MILDEW, RUST, BLIGHT = "$_$ rose", "[red]|b|*{a}?", "on"
ROOT = "root {a} $x 'q'"
TOY = ["transform.image_size=32", "trainer.epochs=2", "trainer.batch_size=16", "gate.target=0"]
TOY += ["gate.min_examples=1"]
# There are few images, so eval and test get a larger share.
TOY += ["data.splits={train: 2, eval: 1, test: 1}"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("classes")


@pytest.fixture(scope="module")
def run(flowers: Callable, base: Path) -> Callable:
    """Returns a function that runs the pipeline on the spans under one root."""

    def run_with(*settings: str, data: str = "records/span-{SPAN}/*", options: Any = ()) -> Any:
        given = [option for setting in [*TOY, *settings] for option in ("--set", setting)]
        return flowers("run", "--data", f"{base}/{data}", "--root", base / ROOT, *given, *options)

    return run_with


@pytest.fixture
def newest(flowers: Callable, base: Path) -> Callable:
    return lambda: flowers("runs", "--root", base / ROOT, "--json").json()[0]


def draw(folder: Path, classes: list[str], each: int, seed: int) -> Path:
    """Draws images of coarse noise, in one folder per class."""
    random = np.random.default_rng(seed)
    for name in classes:
        (folder / name).mkdir(parents=True)
        for index in range(each):
            coarse = Image.fromarray(random.integers(0, 255, [6, 6, 3], np.uint8))
            coarse.resize((40, 40)).save(folder / name / f"{index}.jpg")
    return folder


def test_a_model_has_the_imported_classes(flowers, run, newest, base):
    photos = draw(base / "photos1", [RUST, MILDEW], each=40, seed=1)
    imported = flowers("data", "import", photos, "--out", base / "records", "--span", "1")
    assert imported.code == 0, imported.out
    command = f"flowers run --data '{base}/records/span-{{SPAN}}'"
    assert imported.out.splitlines()[-1] == f"Next: {command}"
    answer = run(data="records/span-{SPAN}")
    assert answer.code == 0, answer.out
    entry = newest()
    assert (entry["class_names"], entry["classes_from"]) == ([MILDEW, RUST], "labels.txt")
    assert entry["spans"] == ["1"]
    (found,) = flowers("predict", "--root", base / ROOT, "--json", photos / RUST / "0.jpg").json()
    assert list(found["probabilities"]) == [MILDEW, RUST]


def test_a_new_class_in_a_later_span_is_refused(flowers, run, newest, base):
    photos = draw(base / "photos2", [RUST, BLIGHT, MILDEW], each=40, seed=2)
    imported = flowers("data", "import", photos, "--out", base / "records", "--span", "2")
    assert "80 records" not in imported.out
    answer = run()
    assert answer.code == 4, answer.out
    assert f"new class {BLIGHT}, id 2: 40 examples" in answer.out
    # The known classes keep their ids.
    assert f"--set {classes_setting([MILDEW, RUST, BLIGHT])}" in answer.out
    assert newest()["spans"] == ["2"]
    assert newest()["class_names"] == [MILDEW, RUST]
    again = run()
    assert again.code == 4
    assert "Nothing to do" in again.out


def test_a_window_of_spans_is_trained_on_after_the_class_is_accepted(run, newest):
    accepted = f"data.classes={json.dumps([MILDEW, RUST, BLIGHT])}"
    answer = run(accepted, "data.spans=last 2")
    assert answer.code == 0, answer.out
    entry = newest()
    assert entry["spans"] == ["1", "2"]
    assert sum(entry["examples"].values()) == 200
    assert entry["classes"]["train"].keys() == {MILDEW, RUST, BLIGHT}
    assert entry["pushed"] == 2
    # The classes are pinned now, and the same spans are the same run.
    same = run("data.spans=1..2")
    assert same.code == 0
    assert "Nothing to do" in same.out


def test_classes_without_labels_file_are_read_from_the_records(
    flowers, run, newest, base, tmp_path
):
    (base / "records" / "span-2" / "labels.txt").rename(tmp_path / "labels.txt")
    root = ("--root", tmp_path / "root", "--until", "DataGate", "--set", TOY[-1])
    options = ("run", "--data", base / "records" / "span-2", *root)
    assert flowers(*options).code == 0
    answer = flowers("runs", *root[:2], "--json").json()[0]
    assert answer["class_names"] == [MILDEW, RUST, BLIGHT]
    assert answer["classes_from"] == "the records"


def test_the_first_run_splits_again_if_a_split_lacks_a_class_and_later_runs_keep_the_salt(
    flowers, tmp_path
):
    photos = draw(tmp_path / "photos", [RUST, MILDEW], each=9, seed=4)
    flowers("data", "import", photos, "--out", tmp_path / "records")
    data = ("--data", tmp_path / "records", "--root", tmp_path / "root")
    run = ("run", *data, "--until", "DataGate", "--set", "trainer.batch_size=8")
    answer = flowers(*run, "--set", "data.few_examples=3")
    assert answer.code == 0, answer.out
    assert "splitting again, with data.split_salt " in answer.out
    first = flowers("runs", "--root", tmp_path / "root", "--json").json()[0]
    assert all(len(classes) == 2 for classes in first["classes"].values())
    again = flowers(*run)
    assert (again.code, "splitting again" in again.out) == (0, False)
    # A salt that the user sets is used; the error offers another one.
    refused = flowers(*run, "--set", "data.split_salt=''")
    assert refused.code == 4
    salt = first["inputs"]["data.split_salt"]
    assert f"--set data.split_salt={salt}" in refused.out


def test_102_classes(flowers, tmp_path):
    names = [f"species {number}" for number in range(102)]
    photos = draw(tmp_path / "photos", names, each=20, seed=3)
    flowers("data", "import", photos, "--out", tmp_path / "records")
    settings = [*TOY[:-1], "data.splits={train: 1, eval: 1, test: 1}", "trainer.epochs=1"]
    options = [option for setting in settings for option in ("--set", setting)]
    run = ("run", "--data", tmp_path / "records", "--root", tmp_path / "root", *options)
    answer = flowers(*run)
    assert answer.code == 0, answer.out
    entry = flowers("runs", "--root", tmp_path / "root", "--json").json()[0]
    assert entry["class_names"] == sorted(names)
    image = photos / names[7] / "0.jpg"
    (found,) = flowers("predict", "--root", tmp_path / "root", "--json", image).json()
    assert len(found["probabilities"]) == 102


def test_near_duplicates_can_be_kept_in_one_split(flowers, tmp_path):
    photos = draw(tmp_path / "photos", [RUST, MILDEW], each=40, seed=5)
    for path in sorted(photos.glob("*/*.jpg")):
        with Image.open(path) as image:
            image.resize((23, 31)).save(path.with_name(f"again-{path.name}"), quality=20)
    flowers("data", "import", photos, "--out", tmp_path / "records")
    run = ("run", "--data", tmp_path / "records", "--root", tmp_path, "--until", "ExampleGen")
    splits = ("--set", TOY[-1])
    answer = flowers(*run, *splits)
    assert "near-duplicates across splits" in answer.out
    joined = flowers(*run, *splits, "--set", "data.group_near_duplicates=true")
    assert (joined.code, "near-duplicates" in joined.out) == (0, False)
    assert "160 records" in joined.out
