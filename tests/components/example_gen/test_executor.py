import json

import pytest
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types.standard_artifacts import Examples

from components.example_gen.component import ImageExampleGen
from components.example_gen.executor import REFUSE, Executor
from components.history_files import REFUSAL_FILE
from data.common.errors import DataRefused
from data.synthetic import CLASS_NAMES, write_sample


def execute(folder, run_id: str | None, artifacts) -> None:
    """Runs the executor on a folder of records.

    Args:
      folder: The folder.
      run_id: TFX's pipeline run id.
      artifacts: The parent folder of the outputs.
    """
    component = ImageExampleGen(
        str(folder), ["*.tfrec"], {"train": 8, "eval": 1, "test": 1}, False, CLASS_NAMES, {},
        split_salt="", max_pixels=1_000_000, broken_file=REFUSE, data_fingerprint="",
        code_fingerprint="",
    )  # fmt: skip
    outputs = {key: [Examples()] for key in ("examples", "quarantine")}
    for key, (artifact,) in outputs.items():
        artifact.uri = str(artifacts / key / "1")
    context = BaseBeamExecutor.Context(
        beam_pipeline_args=["--runner=DirectRunner"], pipeline_run_id=run_id
    )
    Executor(context).Do({}, outputs, component.exec_properties)


def refusal(history) -> dict:
    return json.loads((history / REFUSAL_FILE).read_text())


@pytest.mark.parametrize(
    ("run_id", "artifacts"),
    [("run-1.2", "artifacts/ExampleGen"), (None, "artifacts/123/run-1/ExampleGen_4")],
)
def test_a_folder_without_records_is_refused_locally_and_on_vertex(tmp_path, run_id, artifacts):
    with pytest.raises(DataRefused, match="no record files match"):
        execute(tmp_path, run_id, tmp_path / artifacts)
    written = refusal(tmp_path / "history" / "run-1")
    assert written["step"] == "ExampleGen"
    assert written["reasons"] == [f"no record files match {tmp_path}/*.tfrec"]


def test_a_damaged_file_is_refused_with_the_byte(tmp_path):
    (file,) = write_sample(tmp_path / "records", count=5, shards=1, pixels=16)
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(DataRefused, match="after record 4: truncated record at byte"):
        execute(tmp_path / "records", "run-1", tmp_path / "artifacts" / "ExampleGen")
    title, damage, advice = refusal(tmp_path / "history" / "run-1")["reasons"]
    assert title == "broken record files:"
    assert damage.startswith(str(file))
    assert "data.broken_file=keep_before" in advice
