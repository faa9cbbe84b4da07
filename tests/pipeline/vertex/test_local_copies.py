import logging
import re
from pathlib import Path

import pytest

from components.artifacts import gfile, write_bytes
from pipeline import report_page
from pipeline.history.run import Run
from pipeline.vertex.local_copies import SHOWN, copy_artifacts, copy_history, publish_history


@pytest.fixture
def run(request):
    """A run with examples and predictions in a remote file system."""
    root = f"ram://{request.node.name}/artifacts/1/f-1"
    examples, predictions = f"{root}/ExampleGen_1/examples", f"{root}/Predictions_1/predictions"
    for split, size in (("train", 50), ("eval", 10), ("test", 20)):
        write_bytes(b"x" * size, examples, f"Split-{split}", "data-0.gz")
    write_bytes(b"x" * 5, predictions, "predictions.parquet")
    artifacts = {
        "ExampleGen": {"examples": examples, "quarantine": "ram://nothing/is/here"},
        "Predictions": {"predictions": predictions},
        "Trainer": {"model": f"{root}/Trainer_1/model", "model_run": "/local/model_run"},
    }
    return Run(
        run_id="f-1", started="", state="pushed", config="", settings={}, model="",
        artifacts=artifacts,
    )  # fmt: skip


def copied(root):
    folder = root / "artifacts" / "1" / "f-1"
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_all_outputs_that_a_section_asks_for_are_among_those_that_are_copied():
    files = Path(report_page.__file__).parent.rglob("*.py")
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    asked = set(re.findall(r"""(?:artifact|_tables)\("(\w+)", "(\w+)"\)""", text))
    assert ("Predictions", "predictions") in asked
    assert asked <= set(SHOWN)


def test_what_a_report_shows_is_copied(run, tmp_path):
    copy_artifacts(run, tmp_path)
    assert copied(tmp_path) == {
        "ExampleGen_1/examples/Split-train/data-0.gz",
        "ExampleGen_1/examples/Split-eval/data-0.gz",
        "ExampleGen_1/examples/Split-test/data-0.gz",
        "Predictions_1/predictions/predictions.parquet",
    }


def test_files_that_are_too_large_are_counted_and_the_test_images_come_first(run, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        copy_artifacts(run, tmp_path, most_bytes=40)
    assert "ExampleGen_1/examples/Split-train/data-0.gz" not in copied(tmp_path)
    assert "ExampleGen_1/examples/Split-test/data-0.gz" in copied(tmp_path)
    assert "1 files of ram://" in caplog.text
    assert "are too large" in caplog.text


def test_files_that_steps_wrote_to_the_history_are_read_and_never_written(tmp_path, request):
    remote = f"ram://{request.node.name}/history/f-1"
    write_bytes(b"reasons", remote, "refusal.json")
    (tmp_path / "run.json").write_text("{}")
    copy_history(remote, tmp_path)
    assert (tmp_path / "refusal.json").read_bytes() == b"reasons"
    (tmp_path / "refusal.json").write_text("changed")
    publish_history(tmp_path, remote)
    assert sorted(gfile().listdir(remote)) == ["refusal.json", "run.json"]
    with gfile().GFile(f"{remote}/refusal.json") as file:
        assert file.read() == "reasons"
