import json
from collections import Counter
from random import Random

import pytest
import tensorflow as tf
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types.standard_artifacts import Examples

from components.artifacts import read_counts
from components.example_gen.checks import RecordRules
from components.example_gen.component import ImageExampleGen
from components.example_gen.executor import REFUSE, Executor
from components.example_gen.partition import Record
from components.example_gen.parts import read_shard
from components.example_gen.span_statistics import write_statistics
from components.history_files import REFUSAL_FILE
from components.image_hashes import read_hashes
from data.common.errors import DataRefused
from data.features import UNCHANGED
from data.ingestion_counts import QUARANTINE, SPAN_FILE
from data.records import encode_example, read_records
from data.synthetic import CLASS_NAMES, write_sample
from pipeline.settings.beam import BeamSettings, local_beam_args
from tests.two_passes import partition_records

WEIGHTS = {"train": 3, "eval": 1, "test": 1}
RULES = RecordRules(CLASS_NAMES, 1_000_000, UNCHANGED)


def execute(folder, run_id: str | None, artifacts, grouped=False, broken_file=REFUSE) -> None:
    """Runs the executor on a folder of records.

    Args:
      folder: The folder.
      run_id: TFX's pipeline run id.
      artifacts: The parent folder of the outputs.
      grouped: Whether near-duplicates are assigned to the same split.
      broken_file: The setting `data.broken_file`.
    """
    component = ImageExampleGen(
        str(folder), ["*.tfrec"], WEIGHTS, grouped, CLASS_NAMES, {}, split_salt="",
        max_pixels=1_000_000, broken_file=broken_file, data_fingerprint="", code_fingerprint="",
    )  # fmt: skip
    outputs = {key: [Examples()] for key in ("examples", "quarantine")}
    for key, (artifact,) in outputs.items():
        artifact.uri = str(artifacts / key / "1")
    context = BaseBeamExecutor.Context(
        beam_pipeline_args=local_beam_args(BeamSettings()), pipeline_run_id=run_id
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


def make_records(make_image, contradictions: bool) -> list[bytes]:
    """Makes records of which some are bad; some images occur again, or are re-encoded."""

    def record(seed: int, label: int, quality: int = 95, end: int | None = None) -> bytes:
        image = tf.io.encode_jpeg(make_image(seed), quality=quality).numpy()
        return encode_example(image[:end], label, CLASS_NAMES, (64, 48), f"{seed}.jpg")

    records = [record(seed, seed % 5) for seed in range(40)]
    records += [record(seed, seed % 5) for seed in range(5)]
    records += [record(seed, seed % 5, quality=60) for seed in range(5, 25)]
    records += [record(seed, seed % 5, end=300) for seed in range(4)]
    records += [b"", b"\xff\xff\xff"]
    if contradictions:
        records += [record(seed, (seed + 1) % 5) for seed in range(30, 34)]
        # These are bad for another reason as well.
        records.append(record(36, 1).replace(b"dandelion", b"sunflower"))
        records.append(record(38, 1).replace(b"dandelion", b"cactus 38"))
    Random(0).shuffle(records)
    return records


def write_files(folder, records: list[bytes]) -> list[Record]:
    """Writes three files, one damaged and one compressed, and an empty one; returns the records."""
    folder.mkdir()
    for number, compression in enumerate(["", "GZIP", ""]):
        with tf.io.TFRecordWriter(str(folder / f"{number}.tfrec"), compression) as writer:
            for record in records[number::3]:
                writer.write(record)
    damaged = folder / "2.tfrec"
    damaged.write_bytes(damaged.read_bytes()[:-10])
    (folder / "3.tfrec").touch()
    files = sorted(map(str, folder.iterdir()))
    return [item for file in files for item in read_shard(file) if isinstance(item, Record)]


def read_split(folder) -> list[bytes]:
    return [record for file in sorted(folder.iterdir()) for record in read_records(str(file))]


def decode_quarantined(record: bytes) -> tuple:
    feature = tf.train.Example.FromString(record).features.feature
    text = [feature[name].bytes_list.value[0].decode() for name in ("shard", "reason", "source")]
    return (*text, feature["index"].int64_list.value[0], feature["record"].bytes_list.value[0])


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("contradictions", [False, True])
def test_one_pass_writes_what_two_passes_write(make_image, tmp_path, contradictions, grouped):
    records = write_files(tmp_path / "records", make_records(make_image, contradictions))
    expected = list(partition_records(records, WEIGHTS, RULES, grouped))
    alone = list(partition_records(records, WEIGHTS, RULES, grouped=False))
    assert grouped == ([o.split for o in alone] != [o.split for o in expected])
    execute(tmp_path / "records", "run-1", tmp_path, grouped, broken_file="keep_before")
    quarantine = tmp_path / "quarantine" / "1"
    bad = []
    written = {split: [] for split in WEIGHTS}
    for outcome, record in zip(expected, records, strict=True):
        if outcome.split:
            written[outcome.split].append(record.content)
        else:
            text = (outcome.shard, outcome.reason, outcome.source)
            bad.append((*text, outcome.index, record.content))
    for split in WEIGHTS:
        assert read_split(tmp_path / "examples" / "1" / f"Split-{split}") == written[split]
        hashes = [o.image_hash for o in expected if o.split == split]
        assert read_hashes(str(quarantine))[split].tolist() == hashes
    assert list(map(decode_quarantined, read_split(quarantine / f"Split-{QUARANTINE}"))) == bad
    write_statistics(expected, {o.shard for o in expected}, str(tmp_path), SPAN_FILE)
    assert (quarantine / SPAN_FILE).read_bytes() == (tmp_path / SPAN_FILE).read_bytes()
    counts = read_counts(str(quarantine))
    assert counts.splits == {
        split: Counter(o.label for o in expected if o.split == split) for split in WEIGHTS
    }
    assert counts.quarantined == Counter(o.reason for o in expected if not o.split)
    assert any("different labels" in reason for reason in counts.quarantined) == contradictions
    assert len(counts.broken_files) == len(counts.empty_files) == 1
    # No unfinished files are left.
    assert {path.name for path in quarantine.iterdir() if path.is_dir()} == {f"Split-{QUARANTINE}"}
