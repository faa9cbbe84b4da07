from itertools import count
from pathlib import Path

import pytest
import tensorflow as tf

from components.example_gen import parts
from components.example_gen.checks import RecordRules
from components.example_gen.partition import Partition
from components.example_gen.parts import MovePart, Part, Plan, WritePart, plan_parts, read_shard
from data.features import UNCHANGED
from data.ingestion_counts import QUARANTINE
from data.records import ReadError, encode_example, read_records

CLASSES = ["daisy", "roses"]
PARTITION = Partition({"train": 1}, "", RecordRules(CLASSES, 1_000_000, UNCHANGED))


@pytest.fixture
def make_file(make_image, tmp_path):
    """Returns a function that writes a record file: images given by their seeds, of one class."""

    def make(name: str, seeds: list[int], class_id: int) -> str:
        images = [tf.io.encode_jpeg(make_image(seed)).numpy() for seed in seeds]
        path = str(tmp_path / name)
        with tf.io.TFRecordWriter(path) as writer:
            for image in images:
                writer.write(encode_example(image, class_id, CLASSES, (64, 48)))
        return path

    return make


def write_bundle(folder: Path, *files: str) -> Part:
    write = WritePart(PARTITION, str(folder))
    write.start_bundle()
    for file in files:
        write.process(file)
    (part,) = write.finish_bundle()
    return part.value


def folders(tmp_path: Path) -> dict[str, str]:
    return {split: str(tmp_path / "out" / split) for split in ("train", QUARANTINE)}


def read(tmp_path: Path, split: str) -> dict[str, list[bytes]]:
    files = sorted((tmp_path / "out" / split).iterdir())
    return {file.name: list(read_records(str(file))) for file in files}


def test_each_bundle_becomes_a_part_and_those_without_changes_are_moved(make_file, tmp_path):
    files = [make_file("a", [0, 1], 0), make_file("b", [2], 0), make_file("c", [3, 4], 1)]
    found = [write_bundle(tmp_path / "new", files[2]), write_bundle(tmp_path / "new", *files[:2])]
    plan = plan_parts(found, PARTITION, group_near_duplicates=False)
    assert plan == Plan([found[1].folder, found[0].folder], {})
    move = MovePart(PARTITION, folders(tmp_path))
    # A runner may repeat a bundle.
    for part in [*found, *found]:
        assert list(move.process(part, plan)) == [part]
    assert read(tmp_path, "train") == {
        "data_tfrecord-00000-of-00002.gz": [*read_records(files[0]), *read_records(files[1])],
        "data_tfrecord-00001-of-00002.gz": list(read_records(files[2])),
    }
    assert list(read(tmp_path, QUARANTINE).values()) == [[], []]


def test_parts_that_contradict_each_other_are_written_again(make_file, tmp_path, monkeypatch):
    files = [make_file("a", [0, 1], 0), make_file("b", [1, 2], 1), make_file("c", [3], 0)]
    found = [write_bundle(tmp_path / "new", file) for file in files]
    plan = plan_parts(found, PARTITION, group_near_duplicates=False)
    assert sorted(plan.revised) == [(files[0], 1), (files[1], 0)]
    read_again = []
    monkeypatch.setattr(parts, "read_records", lambda f: read_again.append(f) or read_records(f))
    move = MovePart(PARTITION, folders(tmp_path))
    finished = [part for before in found for part in move.process(before, plan)]
    assert read_again == files[:2]
    assert [[o.split for o in part.outcomes] for part in finished] == [
        ["train", ""], ["", "train"], ["train"],
    ]  # fmt: skip
    train = [list(read_records(file)) for file in files]
    assert list(read(tmp_path, "train").values()) == [train[0][:1], train[1][1:], train[2]]
    assert [len(records) for records in read(tmp_path, QUARANTINE).values()] == [1, 1, 0]


def shorter(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-30])


def longer(file: Path) -> None:
    file.write_bytes(file.read_bytes() + file.read_bytes())


def without_image(file: Path) -> None:
    first, *others = read_records(str(file))
    with tf.io.TFRecordWriter(str(file)) as writer:
        for record in (first[:-40], *others):
            writer.write(record)


@pytest.mark.parametrize("change", [shorter, longer, without_image])
def test_a_file_that_changed_before_it_is_read_again_is_an_error(make_file, tmp_path, change):
    # The image 0 has two labels, and is quarantined.
    part = write_bundle(tmp_path / "new", make_file("a", [0, 1, 2], 0), make_file("b", [0], 1))
    plan = plan_parts([part], PARTITION, group_near_duplicates=False)
    change(tmp_path / "a")
    with pytest.raises(ReadError, match="a was changed while it was read"):
        list(MovePart(PARTITION, folders(tmp_path)).process(part, plan))


def test_a_truncated_file_yields_its_complete_records_and_the_byte_of_the_damage(tmp_path):
    shard = tmp_path / "x.tfrec"
    with tf.io.TFRecordWriter(str(shard)) as writer:
        for _ in range(3):
            writer.write(b"a" * 100)
    shard.write_bytes(shard.read_bytes()[:-30])
    *records, last = read_shard(str(shard))
    assert [record.index for record in records] == [0, 1]
    assert (last.subject, last.index) == ("damaged file", 2)
    assert last.reason == "truncated record at byte 232"


def test_an_empty_file_is_reported(tmp_path):
    tf.io.TFRecordWriter(str(tmp_path / "x.tfrec")).close()
    (outcome,) = read_shard(str(tmp_path / "x.tfrec"))
    assert outcome.subject == "empty file"


def test_a_file_that_cannot_be_read_now_is_not_reported_as_damaged(tmp_path):
    with pytest.raises(ReadError, match="No such file"):
        list(read_shard(str(tmp_path / "gone.tfrec")))


def test_threads_keep_the_order_and_do_not_read_far_ahead(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(3))
    taken = count()

    def items():
        for number in range(100):
            next(taken)
            yield number

    results = parts.map_in_threads(lambda number: number * 2, items())
    assert [next(results), next(results)] == [0, 2]
    assert next(taken) < 10
    assert list(results) == [2 * number for number in range(2, 100)]


def test_an_error_in_a_thread_is_raised():
    with pytest.raises(ZeroDivisionError):
        list(parts.map_in_threads(lambda number: 1 // number, [1, 0, 1]))
