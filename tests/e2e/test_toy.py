"""The whole pipeline on toy images, in one process and one root; tests build on each other."""

import csv
import io
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from components.evaluator.evaluation import read_accuracy
from data.records import encode_example
from data.synthetic import CLASS_NAMES, write_sample
from pipeline.local.lock import locked
from pipeline.root_files import TEMPORARY_FOLDER
from tests.pipeline.serving.running import running

TOY = ["transform.image_size=32", "trainer.epochs=2", "trainer.batch_size=16"]
TOY += ["gate.min_examples=1"]
# With this salt, every split has examples of every class.
TOY += ["data.max_bad_fraction=0.02", "data.split_salt=2"]
STEPS = [
    "ExampleGen", "Schema", "StatisticsGen", "ExampleValidator", "DataGate", "Transform", "Trainer",
    "Evaluator", "Predictions", "Gate", "ServingCheck", "Pusher",
]  # fmt: skip
SPLITS = ("train", "eval", "test")


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 valid records, 40 of them twice, and one without an image."""
    folder = tmp_path_factory.mktemp("toy")
    first, _ = write_sample(folder, count=120, shards=2, pixels=32)
    write_shard(folder / "again.tfrec", read_records(first)[:40])
    write_shard(folder / "bad.tfrec", [encode_example(b"no image", 0, CLASS_NAMES, (1, 1))])
    return folder


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("root")


@pytest.fixture(scope="module")
def run(flowers: Callable, toy: Path, root: Path) -> Callable:
    """Returns a function that runs the toy pipeline with a target and other settings."""

    def run_with(target: float, *settings: str, data: Path = toy, options: Any = ()) -> Any:
        given = [
            option
            for setting in [*TOY, f"gate.target={target}", *settings]
            for option in ("--set", setting)
        ]
        return flowers("run", "--data", data, "--root", root, *given, *options)

    return run_with


@pytest.fixture
def newest(flowers: Callable, root: Path) -> Callable:
    """Returns a function that reads the newest entry of the history."""
    return lambda: flowers("runs", "--root", root, "--json").json()[0]


def write_shard(path: Path, records: list[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)


def read_records(path: Path) -> list[bytes]:
    return list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())


def read_split(root: Path, split: str) -> list[bytes]:
    (folder,) = root.glob(f"artifacts/ExampleGen/examples/*/Split-{split}")
    files = sorted(str(path) for path in folder.iterdir())
    return list(tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator())


def feature(record: bytes, name: str) -> Any:
    value = tf.train.Example.FromString(record).features.feature[name]
    return (value.bytes_list.value or value.int64_list.value)[0]


def states(entry: dict[str, Any]) -> dict[str, str]:
    return {step["name"]: step["state"] for step in entry["steps"]}


def versions(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "serving").iterdir())


def report(answer: Any) -> str:
    """Returns the page that the last line of a run names."""
    label, _, path = answer.out.splitlines()[-1].partition(":")
    assert label == "Report"
    return Path(path.strip()).read_text(encoding="utf-8")


def test_a_model_above_the_target_is_pushed(run, root, newest, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    answer = run(0.0)
    assert [*tmp_path.iterdir(), *root.glob(TEMPORARY_FOLDER)] == [], (
        "leftovers of each run would fill the disk"
    )
    assert answer.code == 0, answer.out
    assert "PASSED: accuracy" in answer.out
    assert [line.split()[0] for line in answer.out.splitlines() if " done " in line] == STEPS
    assert versions(root) == ["1"]
    assert "Pushed as version 1" in report(answer)
    assert "could not be made" not in report(answer)
    assert "Augmented training images" in report(answer)
    entry = newest()
    assert entry["pushed"] == 1
    assert entry["verdict"]["blessed"]
    assert states(entry) == dict.fromkeys(STEPS, "done")
    assert "tfx_ephemeral" not in (root / "history" / entry["run_id"] / "log.txt").read_text()
    assert (
        json.loads((root / "history" / entry["run_id"] / "verdict.json").read_text())
        == (entry["verdict"])
    )


def test_every_record_is_accounted_for(root, newest):
    examples = newest()["examples"]
    assert examples["quarantined"] == 1
    assert sum(examples.values()) == 161
    for split in SPLITS:
        assert len(read_split(root, split)) == examples[split]
    assert newest()["verdict"]["n"] == examples["test"]


def test_quarantined_records_can_be_listed_and_exported(flowers, root, tmp_path):
    answer = flowers("data", "quarantine", "--root", root, "--export", tmp_path / "bad", "--json")
    (found,) = answer.json()
    assert found["shard"].endswith("bad.tfrec")
    assert (found["index"], found["reason"]) == (0, "not an image")
    assert Path(found["file"]).read_bytes() == b"no image"
    assert "quarantined 1 records" in flowers("data", "quarantine", "--root", root).out
    assert flowers("data", "quarantine", "nothing", "--root", root).code == 2


def test_no_image_is_in_two_splits(root):
    splits = {split: [feature(r, "image") for r in read_split(root, split)] for split in SPLITS}
    everywhere = Counter(image for images in splits.values() for image in images)
    assert list(everywhere.values()).count(2) == 40
    assert sum(len(set(images)) for images in splits.values()) == len(everywhere) == 120


def test_only_train_and_eval_are_transformed(root):
    names = {path.name for path in root.glob("artifacts/Transform/transformed_examples/*/*")}
    assert names == {"Split-train", "Split-eval"}


def test_the_evaluated_model_is_the_serving_model(root, newest):
    """On raw bytes, the signatures of the serving model reach the accuracy of the verdict."""
    model = tf.saved_model.load(str(root / "serving" / "1"))
    records = read_split(root, "test")
    answers = model.signatures["serving_default"](examples=tf.constant(records))
    right = answers["class_id"].numpy() == [feature(record, "class") for record in records]
    assert right.mean() == pytest.approx(newest()["verdict"]["value"])
    (evaluation,) = root.glob("artifacts/Evaluator/evaluation/*")
    assert read_accuracy(str(evaluation)).correct == right.sum()
    images = tf.constant([feature(record, "image") for record in records])
    same = model.signatures["serving_bytes"](image_bytes=images)
    assert np.array_equal(answers["probabilities"], same["probabilities"])
    assert [name.decode() for name in same["label"].numpy()] == [
        CLASS_NAMES[index] for index in answers["class_id"].numpy()
    ]


def test_predict_uses_the_pushed_model_and_reports_files_that_are_not_images(
    flowers, root, tmp_path
):
    (tmp_path / "a.jpg").write_bytes(feature(read_split(root, "test")[0], "image"))
    (tmp_path / "b.jpg").write_bytes(b"no image")
    answer = flowers("predict", "--root", root, "--json", tmp_path)
    good, bad = answer.json()
    assert answer.code == 0
    assert good["path"].endswith("a.jpg")
    assert good["label"] in CLASS_NAMES
    assert list(good["probabilities"]) == list(CLASS_NAMES)
    assert sum(good["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert "error" in bad
    assert "no prediction for 1 files" in answer.err
    named = flowers("predict", "--root", root, "--json", tmp_path / "b.jpg", tmp_path / "a.jpg")
    assert named.code == 2
    assert [result.get("label") for result in named.json()] == [None, good["label"]]
    assert f"no prediction for {tmp_path / 'b.jpg'}" in named.err


def test_serve_gives_the_answers_of_predict(flowers, root, toy):
    def predict(*options):
        answer = flowers("predict", "--root", root, "--csv", *options, toy / "again.tfrec")
        return list(csv.DictReader(io.StringIO(answer.out)))

    with running(root) as server:
        served = predict("--url", f"{server.url}/v1/models/flowers")
    for expected, received in zip(predict(), served, strict=True):
        assert received["label"] == expected["label"]
        for name in CLASS_NAMES:
            assert float(received[name]) == pytest.approx(float(expected[name]), abs=1e-5)


def test_predict_classifies_each_record_of_a_folder(flowers, root, toy, tmp_path):
    """There are 160 valid records, in several batches, and the bad one."""
    answer = flowers("predict", "--root", root, "--csv", toy)
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    assert len(rows) == 161
    assert list(rows[0]) == ["path", "label", "error", "source", *CLASS_NAMES]
    assert rows[3]["path"] == f"{toy / 'again.tfrec'}#3"
    assert [row["path"] for row in rows if row["error"]] == [f"{toy / 'bad.tfrec'}#0"]
    image = tmp_path / "a.jpg"
    image.write_bytes(feature(read_records(toy / "again.tfrec")[3], "image"))
    (alone,) = flowers("predict", "--root", root, "--json", image).json()
    assert alone["label"] == rows[3]["label"]
    for name, value in alone["probabilities"].items():
        assert float(rows[3][name]) == pytest.approx(value, abs=1e-5)


def test_an_unchanged_run_has_nothing_to_do(run, root, newest, toy):
    before = newest()
    # Files with other times and the same content, as after a clone, are the same data.
    for path in toy.iterdir():
        os.utime(path, (1, 1))
    answer = run(0.0)
    assert answer.code == 0
    assert f"Nothing to do: nothing changed since run {before['run_id']}" in answer.out
    assert "PASSED" in answer.out
    assert before["run_id"] in report(answer)
    assert newest() == before
    assert versions(root) == ["1"]


def test_a_deleted_version_is_pushed_again_from_the_cache(run, root, newest):
    (root / "serving" / "1").rename(root / "moved")
    answer = run(0.0)
    assert answer.code == 0
    assert "data:image/webp" in report(answer)
    # Pusher runs each time, because only Pusher sees which model serves.
    assert states(newest()) == {**dict.fromkeys(STEPS, "cached"), "Pusher": "done"}
    assert versions(root) == ["1"]


def test_a_new_target_reruns_only_gate_and_pusher(run, newest):
    assert run(0.001).code == 0
    assert states(newest()) == {**dict.fromkeys(STEPS, "cached"), "Gate": "done", "Pusher": "done"}
    why = {step["name"]: step["why"] for step in newest()["steps"]}
    assert why["Gate"] == "gate.target 0.0 -> 0.001"
    assert why["Pusher"] == "after Gate"
    assert why["Trainer"] == ""


def test_predict_batch_writes_what_predict_prints(flowers, root, toy, tmp_path):
    out = ("--out", tmp_path / "p", "--format", "jsonl", "--json")
    answer = flowers("predict-batch", f"{toy}/*", "--root", root, *out)
    assert answer.code == 0, answer.err
    lines = [
        json.loads(line)
        for file in sorted(tmp_path.glob("p-*-of-*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    printed = flowers("predict", "--root", root, "--json", toy).json()
    for key in ("path", "label", "error"):
        assert [line.get(key) for line in lines] == [line.get(key) for line in printed]
    assert answer.json()["images"] == len(printed)
    again = flowers("predict-batch", f"{toy}/*", "--root", root, *out[:-1])
    assert "shards are there already" in again.out
    assert f"{len(printed)} images: " in again.out


def test_images_from_elsewhere_are_judged_by_predictions_and_gate_alone(run, newest, tmp_path):
    write_sample(tmp_path, count=20, shards=2, pixels=32, seed=7)
    extra = f"gate.extra_data={tmp_path}"
    answer = run(0.001, extra, "gate.extra_target=1")
    assert answer.code == 3, answer.out
    changed = {"Predictions": "done", "Gate": "done", "Pusher": "done"}
    assert states(newest()) == {**dict.fromkeys(STEPS, "cached"), **changed}
    verdict = newest()["verdict"]
    assert verdict["extra"]["n"] + verdict["extra"]["seen"] == 20
    assert verdict["extra"]["n"] > 10
    assert "images of gate.extra_data is below the target 1.0000" in verdict["reasons"][0]
    assert run(0.001, extra, "gate.extra_target=0").code == 0
    assert states(newest())["Predictions"] == "cached"
    assert run(0.001, f"gate.extra_data={tmp_path / 'nowhere'}").code == 2
    # Other images under the same name are noticed.
    write_sample(tmp_path, count=20, shards=2, pixels=32, seed=8)
    assert run(0.001, extra, "gate.extra_target=0").code == 0
    why = {step["name"]: step["why"] for step in newest()["steps"]}
    assert why["Predictions"] == "the extra records changed"


def test_a_served_model_is_evaluated_on_other_images(flowers, root, newest, tmp_path):
    write_sample(tmp_path, count=20, shards=2, pixels=32, seed=7)
    answer = flowers("evaluate", tmp_path, "--root", root, "--target", "1", "--json")
    found = answer.json()
    assert answer.code == 3
    assert (found["version"], found["all"]["n"], found["passed"]) == (1, 20, False)
    assert (root / "evaluations" / found["evaluation_id"] / "metrics.json").exists()
    own = flowers(
        "evaluate", root / "artifacts/ExampleGen/examples/1/Split-train/*", "--root", root
    )
    assert own.code == 0
    assert "The model has seen all of them in its training" in own.out


def test_a_model_below_the_target_is_refused_and_the_old_version_remains(run, root, newest):
    before = {path: path.read_bytes() for path in (root / "serving").rglob("*") if path.is_file()}
    answer = run(0.999, "trainer.seed=1")
    assert answer.code == 3
    assert "REFUSED" in answer.out
    assert "needed" in answer.out
    assert "Refused: the model was not pushed" in report(answer)
    assert "Newly wrong" in report(answer)
    entry = newest()
    ran = dict.fromkeys(STEPS[STEPS.index("Trainer") :], "done")
    assert states(entry) == {**dict.fromkeys(STEPS, "cached"), **ran}
    assert (entry["pushed"], entry["verdict"]["blessed"]) == (None, False)
    assert before == {
        path: path.read_bytes() for path in (root / "serving").rglob("*") if path.is_file()
    }


def test_an_unchanged_run_after_a_refusal_is_refused_again(run, newest):
    before = newest()
    answer = run(0.999, "trainer.seed=1")
    assert answer.code == 3
    assert "Nothing to do" in answer.out
    assert before["verdict"]["reasons"][0] in answer.out
    assert newest() == before


def test_a_dry_run_explains_what_would_run_and_runs_nothing(run, newest):
    before = newest()
    answer = run(0.999, "trainer.seed=2", options=["--dry-run"])
    assert answer.code == 0
    lines = dict(line.split(maxsplit=1) for line in answer.out.splitlines())
    assert lines["Transform"] == "unchanged"
    assert lines["Trainer"] == "would run: trainer.seed 1 -> 2"
    assert lines["Gate"] == "would run: after Evaluator"
    assert newest() == before


def test_a_blessed_model_is_refused_if_the_serving_check_fails(run, root, newest):
    answer = run(0.0, "serving.max_megabytes=0.001")
    assert answer.code == 3, answer.out
    assert "REFUSED" in answer.out
    assert "serving.max_megabytes allows 0.001" in answer.out
    entry = newest()
    assert (entry["pushed"], entry["verdict"]["blessed"]) == (None, False)
    assert states(entry)["ServingCheck"] == "done"
    assert entry["serving_check"]["largest_difference"] < 1e-4
    assert entry["verdict"]["checks"][-1]["name"] == "serving"


def test_a_run_can_start_from_a_step_and_stop_after_one(run, newest):
    answer = run(0.0, options=["--from", "ExampleValidator", "--until", "DataGate"])
    assert answer.code == 0
    assert "Stopped after DataGate" in answer.out
    found = states(newest())
    assert [name for name, state in found.items() if state == "done"] == STEPS[3:5]
    assert [name for name, state in found.items() if state == "skipped"] == STEPS[5:]
    why = {step["name"]: step["why"] for step in newest()["steps"]}
    assert (why["ExampleGen"], why["DataGate"]) == ("", "requested")
    assert newest()["state"] == "stopped"


def test_a_root_of_another_pipeline_is_refused(run):
    answer = run(0.0, "name=others")
    assert answer.code == 2
    assert "holds runs of the pipeline 'flowers', and the setting `name` is 'others'" in answer.err


def test_the_error_of_an_unknown_step_names_the_nearest_one(run):
    answer = run(0.0, options=["--until", "Train"])
    assert answer.code == 2
    assert "did you mean Trainer" in answer.err


def test_anomalies_stop_the_run_before_training(run, toy, tmp_path, newest, root):
    names = [*CLASS_NAMES, "cactus"]
    records = []
    for path in sorted(toy.glob("synthetic*")):
        for record in read_records(path):
            class_id = feature(record, "class")
            image = feature(record, "image")
            # All tulips are relabelled as cactuses.
            records.append(encode_example(image, class_id + (class_id == 4), names, (32, 32)))
    write_shard(tmp_path / "cactus-120.tfrec", records)
    answer = run(0.0, data=tmp_path)
    assert answer.code == 4
    # Without what TFDV says about the same.
    assert "feature 'label'" not in answer.out
    assert "new class cactus, id 5: 24 examples" in answer.out
    assert "no record has class tulips" in answer.out
    found = states(newest())
    assert (found["DataGate"], found["Transform"]) == ("failed", "skipped")
    assert newest()["state"] == "data refused"
    assert "Data refused: nothing was trained or pushed" in report(answer)
    assert "new class cactus, id 5: 24 examples" in report(answer)
    again = run(0.0, data=tmp_path)
    assert again.code == 4
    assert "Nothing to do" in again.out
    assert "cactus" in again.out
    assert versions(root) == ["1"]


def test_too_many_bad_records_stop_the_run(run):
    answer = run(0.0, "data.max_bad_fraction=0.001")
    assert answer.code == 4
    assert "1 of 161 records are bad (0.6%); data.max_bad_fraction allows 0.1%" in answer.out
    assert "bad.tfrec record 0: not an image" in answer.out


def test_a_truncated_file_is_named_with_the_byte_offset(run, toy, tmp_path):
    for path in toy.glob("synthetic*"):
        content = path.read_bytes()
        (tmp_path / path.name).write_bytes(content[:-10] if "01" in path.name else content)
    answer = run(0.0, data=tmp_path)
    assert answer.code == 4
    assert "synthetic01-60.tfrec: after record 59: truncated record at byte " in answer.out
    kept = run(
        0.0, "data.broken_file=keep_before", data=tmp_path, options=["--until", "ExampleGen"]
    )
    assert kept.code == 0
    assert "119 records" in kept.out
    assert "broken files 1" in kept.out


def test_a_batch_larger_than_the_train_split_is_found_before_transform(run, newest):
    answer = run(0.0, "trainer.batch_size=512")
    assert answer.code == 4
    assert f"train: {newest()['examples']['train']} examples, fewer than one batch" in answer.out
    assert "--set trainer.batch_size=" in answer.out
    assert states(newest())["Transform"] == "skipped"


def test_a_failed_step_is_named_with_cause_and_log(run, root, newest):
    rates = [f"trainer.learning_rate.{name}=1e30" for name in ("peak", "start")]
    answer = run(0.0, *rates)
    assert answer.code == 1
    assert "FAILED in Trainer: FloatingPointError: the loss is nan" in answer.out
    assert "trainer.learning_rate.peak" in answer.out
    assert str(root / "history" / newest()["run_id"] / "log.txt") in answer.out
    assert "Failed in Trainer" in report(answer)
    assert states(newest())["Evaluator"] == "skipped"


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        (["trainer.strategy=tpu"], "trainer.strategy is tpu, but TensorFlow cannot use a TPU here"),
        (["model.name=xception"], "xception cannot be built: Input size must be at least 71x71"),
        (["model.name=xception", "model.weights=none.h5"], "model.weights: none.h5 cannot be read"),
    ],
)
def test_wrong_training_settings_are_found_before_the_data_is_read(run, newest, settings, error):
    before = newest()
    answer = run(0.0, *settings)
    assert answer.code == 2
    assert error in answer.err
    assert newest() == before


def test_a_second_run_on_the_same_root_gets_an_error_that_names_the_first(run, root, newest):
    before = newest()
    with locked(root) as lock:
        lock.name_run("20261124-120000")
        answer = run(0.0)
    assert answer.code == 2
    assert "run 20261124-120000 (process" in answer.err
    assert newest() == before


def test_a_run_that_does_not_fit_on_the_disk_is_refused(run, newest, monkeypatch):
    before = newest()
    usage = shutil.disk_usage("/")._replace(free=400_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    answer = run(0.0, "transform.image_size=512")
    assert answer.code == 2
    # 160 images of 512 x 512 pixels, and a margin of half a gigabyte.
    assert "needs about 6" in answer.err
    assert "has 400.0 MB free" in answer.err
    assert newest() == before


def test_records_without_required_features_are_refused(run, toy, tmp_path):
    records = []
    for record in read_records(next(toy.glob("synthetic*"))):
        example = tf.train.Example.FromString(record)
        del example.features.feature["class"]
        records.append(example.SerializeToString())
    write_shard(tmp_path / "unlabelled.tfrec", records)
    answer = run(0.0, data=tmp_path)
    assert answer.code == 2
    assert "the records have no feature class (int64); found: image (bytes), label" in answer.err
    assert "data.features" in answer.err


def test_library_output_is_in_the_log_but_not_on_the_console(run, root, newest):
    answer = run(0.0, "gate.target=0.002")
    assert "INFO" not in answer.out
    assert answer.err == ""
    log = (root / "history" / newest()["run_id"] / "log.txt").read_text()
    assert "INFO absl: Running launcher for" in log


def test_verbose_shows_and_logs_library_output(run, root, newest, capfd):
    assert run(0.0, "gate.target=0.003", options=["--verbose"]).code == 0
    assert "INFO absl: Running launcher for" in capfd.readouterr().out
    log = (root / "history" / newest()["run_id"] / "log.txt").read_text()
    assert "INFO absl: Running launcher for" in log


def test_clean_keeps_what_the_served_versions_and_the_newest_run_need(flowers, run, root):
    served = set((root / "serving").rglob("*"))
    would = flowers("clean", "--root", root, "--dry-run").out
    assert "nothing was removed" in would
    models = set(root.glob("artifacts/Trainer/model/*"))
    # Nothing is removed while all runs are within --runs.
    flowers("clean", "--root", root, "--runs", "99")
    assert models == set(root.glob("artifacts/Trainer/model/*"))
    would = flowers("clean", "--root", root, "--dry-run").out
    freed = flowers("clean", "--root", root).out
    assert "Freed" in freed
    assert "Freed 0 B" not in freed
    assert freed.splitlines()[:-1] == would.splitlines()[:-1]
    # The refused model of the other seed is removed, and that of the served version is kept.
    assert len(models - set(root.glob("artifacts/Trainer/model/*"))) == 1
    assert served == set((root / "serving").rglob("*"))
    assert "Freed 0 B" in flowers("clean", "--root", root).out
    assert "Nothing to do" in run(0.0, "gate.target=0.003").out
    assert run(0.0, "gate.target=0.004").code == 0


def test_clean_needs_a_root_with_runs(flowers, tmp_path):
    answer = flowers("clean", "--root", tmp_path)
    assert answer.code == 2
    assert "holds no runs" in answer.err
