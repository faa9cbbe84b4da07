"""An import writes every image once, resumes, and adds what is new."""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
import tensorflow as tf
from PIL import Image

from data.common.errors import UsageError
from data.importing import shards
from data.importing.file_tree import LeftOut
from data.importing.import_file import ImportOptions
from data.importing.importer import import_images
from data.importing.shards import WriteShard

OPTIONS = ImportOptions(size=20, per_shard=4)
NOTES = LeftOut("daisy/notes.txt", "not an image that Pillow can read")


@pytest.fixture
def photos(tmp_path, make_image):
    """Ten photographs of three classes, and a file that is not an image."""
    folder = tmp_path / "photos"
    for index in range(10):
        path = folder / ("roses", "daisy", "tulips")[index % 3] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(make_image(index)).save(path)
    (folder / "daisy" / "notes.txt").write_text("no image")
    return folder


def run(source, out, merge_splits=None, **changes):
    options = OPTIONS.model_copy(update=changes)
    return import_images(source, out, merge_splits=merge_splits, options=options)


def records(folder):
    files = sorted(str(path) for path in folder.glob("*.tfrec"))
    return [
        tf.train.Example.FromString(record).features.feature
        for record in tf.data.TFRecordDataset(files).as_numpy_iterator()
    ]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_images_become_records_with_their_labels(photos, tmp_path):
    found = run(photos, tmp_path / "out")
    assert (found.classes, found.written) == (["daisy", "roses", "tulips"], 10)
    assert found.left_out == [NOTES]
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert {"import.json", "labels.txt"} == {name for name in names if "tfrec" not in name}
    counts = [int(name.split("-")[1].split(".")[0]) for name in names if name.endswith(".tfrec")]
    assert (len(counts), sum(counts)) == (3, 10)
    labels = Counter()
    for features in records(tmp_path / "out"):
        label = features["label"].bytes_list.value[0].decode()
        assert found.classes[features["class"].int64_list.value[0]] == label
        assert list(features["size"].int64_list.value) == [27, 20]
        assert tf.io.decode_jpeg(features["image"].bytes_list.value[0]).shape == (20, 27, 3)
        labels[label] += 1
    assert labels == {"roses": 4, "daisy": 3, "tulips": 3}


def test_the_seed_determines_the_bytes(photos, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        run(photos, tmp_path / name, seed=seed)
    a, b, c = (contents(tmp_path / name) for name in "abc")
    assert a == b
    assert a != c


def interrupt(source, out, monkeypatch):
    """Imports until six images are read; the file of the first four is complete then."""
    original = shards.read_as_jpeg
    calls = []

    def fail(path, *options):
        calls.append(path)
        if len(calls) > 6:
            raise MemoryError
        return original(path, *options)

    with monkeypatch.context() as patch:
        patch.setattr(shards, "read_as_jpeg", fail)
        with pytest.raises(Exception, match="MemoryError"):
            run(source, out)


def test_an_interrupted_import_resumes_with_the_same_result(photos, tmp_path, monkeypatch):
    run(photos, tmp_path / "whole")
    interrupt(photos, tmp_path / "cut", monkeypatch)
    # No shard is incomplete.
    whole = contents(tmp_path / "whole")
    for path in (tmp_path / "cut").glob("*.tfrec"):
        assert path.read_bytes() == whole[path.name]
    with pytest.raises(
        UsageError, match="unfinished import of other images, or with other options"
    ):
        run(photos, tmp_path / "cut", seed=5)
    run(photos, tmp_path / "cut")
    assert contents(tmp_path / "cut") == whole


def test_an_interrupted_import_resumes_although_its_source_has_grown(
    photos, tmp_path, make_image, monkeypatch
):
    run(photos, tmp_path / "out")
    added = shutil.copytree(photos, tmp_path / "grown")
    add_images(added, make_image)
    shutil.copy(photos / NOTES.path, added / NOTES.path)
    run(added, tmp_path / "out")
    interrupt(photos, tmp_path / "cut", monkeypatch)
    assert list((tmp_path / "cut").glob("*.tfrec"))
    found = run(added, tmp_path / "cut")
    assert (found.written, found.added, found.left_out) == (12, 12, [NOTES])
    # As if the first import had been finished before.
    assert contents(tmp_path / "cut") == contents(tmp_path / "out")


def test_a_shard_whose_report_was_lost_is_replaced_whatever_is_readable_then(
    photos, tmp_path, monkeypatch
):
    def fail(*_):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(shards, "write_whole", fail)
        with pytest.raises(Exception, match="MemoryError"):
            run(photos, tmp_path / "out")
    (before,) = (tmp_path / "out").glob("*.tfrec")
    first = records(tmp_path / "out")[0]["source"].bytes_list.value[0].decode()
    (photos / first).write_text("no image")
    assert run(photos, tmp_path / "out").written == 9
    assert not before.exists()
    assert len(sources(tmp_path / "out")) == 9


def test_an_interrupted_import_of_other_images_is_not_continued(photos, tmp_path, monkeypatch):
    interrupt(photos, tmp_path / "cut", monkeypatch)
    (photos / "roses" / "0.png").unlink()
    with pytest.raises(UsageError, match="unfinished import of other images"):
        run(photos, tmp_path / "cut")


def sources(folder):
    return sorted(record["source"].bytes_list.value[0].decode() for record in records(folder))


def test_records_name_their_files(photos, tmp_path):
    shutil.move(photos / "daisy" / "1.png", photos / "daisy" / "a b\n.png")
    with open(bytes(photos / "daisy") + b"/\xff.png", "wb") as file:
        file.write((photos / "daisy" / "4.png").read_bytes())
    run(photos, tmp_path / "out")
    assert len(sources(tmp_path / "out")) == 11
    expected = {"daisy/a b\\n.png", "daisy/\\xff.png", "roses/0.png"}
    assert expected <= set(sources(tmp_path / "out"))


def test_a_finished_import_is_not_repeated(photos, tmp_path, monkeypatch):
    first = run(photos, tmp_path / "out")
    written = contents(tmp_path / "out")
    monkeypatch.setattr(WriteShard, "process", None)
    again = run(photos, tmp_path / "out")
    assert (again.written, again.added, again.left_out) == (10, 0, first.left_out)
    assert contents(tmp_path / "out") == written
    # The paths are relative, so that the photographs may be moved.
    shutil.move(photos, tmp_path / "moved")
    assert run(tmp_path / "moved", tmp_path / "out").written == 10


def add_images(photos, make_image):
    """Adds an image of a class, one of a new class, and repairs the file that was left out."""
    (photos / "cactus").mkdir()
    for index, path in enumerate(("roses/20.png", "cactus/21.png"), 20):
        Image.fromarray(make_image(index)).save(photos / path)
    Image.fromarray(make_image(22)).save(photos / "daisy" / "notes.txt", "PNG")


def test_new_images_are_added_in_new_shards(photos, tmp_path, make_image):
    out = tmp_path / "out"
    run(photos, out)
    before = contents(out)
    add_images(photos, make_image)
    found = run(photos, out)
    assert (found.written, found.added, found.left_out) == (13, 3, [])
    assert found.classes == ["daisy", "roses", "tulips", "cactus"]
    after = contents(out)
    assert {name for name in after if name not in before} == {"images03-3.tfrec"}
    assert all(after[name] == before[name] for name in before if name.endswith(".tfrec"))
    assert len(set(sources(out))) == len(sources(out)) == 13
    for record in records(out):
        class_id = record["class"].int64_list.value[0]
        assert found.classes[class_id] == record["label"].bytes_list.value[0].decode()
    assert run(photos, out).added == 0


def test_an_interrupted_addition_resumes(photos, tmp_path, make_image, monkeypatch):
    out = tmp_path / "out"
    run(photos, out)
    add_images(photos, make_image)
    shutil.copytree(out, tmp_path / "whole")
    run(photos, tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(shards, "encode_example", None)
        with pytest.raises(Exception, match="NoneType"):
            run(photos, out)
    assert run(photos, out).added == 3
    assert contents(out) == contents(tmp_path / "whole")


def test_other_options_are_named(photos, tmp_path):
    run(photos, tmp_path / "out")
    message = (
        "with other options: --size was 20 and is 10, --background was #ffffff and is #000000, "
        "--merge-splits was not given and is given, --seed was 0 and is 1"
    )
    with pytest.raises(UsageError, match=message):
        run(photos, tmp_path / "out", True, size=10, background="#000000", seed=1)


def test_missing_images_are_an_error_that_lists_them(photos, tmp_path):
    run(photos, tmp_path / "out")
    before = contents(tmp_path / "out")
    (photos / "roses" / "0.png").unlink()
    shutil.move(photos / "roses" / "3.png", photos / "daisy" / "3.png")
    message = r"2 of the 10 images in .* are missing .*roses/0.png \(roses\), roses/3.png \(roses\)"
    with pytest.raises(UsageError, match=message):
        run(photos, tmp_path / "out")
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize("text", ['{"plan": "", "classes": []}', "{", '{"format": 3}'])
def test_files_of_other_versions_are_an_error(photos, tmp_path, text):
    (tmp_path / "import.json").write_text(text)
    with pytest.raises(UsageError, match=r"written by another version .* choose another --out"):
        run(photos, tmp_path)


def test_missing_shards_and_changed_labels_are_an_error(photos, tmp_path):
    out = tmp_path / "out"
    run(photos, out)
    (out / "labels.txt").write_text("roses\ndaisy\ntulips\n")
    with pytest.raises(UsageError, match="no longer has the classes of the records: daisy, roses"):
        run(photos, out)
    (out / "labels.txt").unlink()
    (shard, *_) = sorted(out.glob("*.tfrec"))
    shard.unlink()
    with pytest.raises(UsageError, match=f"lacks {shard.name}"):
        run(photos, out)


def test_the_state_of_an_import_that_wrote_nothing_is_no_obstacle(photos, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(shards, "encode_example", None)
        with pytest.raises(Exception, match="NoneType"):
            run(photos, tmp_path / "out")
    assert run(photos, tmp_path / "out", size=10).written == 10


def test_import_json_is_readable(photos, tmp_path):
    run(photos, tmp_path / "out")
    content = json.loads((tmp_path / "out" / "import.json").read_text())
    assert content["left_out"] == {NOTES.reason: [NOTES.path]}
    assert content["files"]["roses"] == ["roses/0.png", "roses/3.png", "roses/6.png", "roses/9.png"]
    assert len(content["shards"]) == content["next_shard"] == 3


def test_other_records_are_not_overwritten(photos, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.tfrec").touch()
    with pytest.raises(UsageError, match=r"already contains records of another origin: a\.tfrec"):
        run(photos, out)


def test_existing_labels_keep_their_ids(photos, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "labels.txt").write_text("tulips\ncactus\n")
    found = run(photos, tmp_path / "out")
    assert found.classes == ["tulips", "cactus", "daisy", "roses"]
    (tmp_path / "spans" / "span-1").mkdir(parents=True)
    (tmp_path / "spans" / "span-1" / "labels.txt").write_text("tulips\ndaisy\n")
    found = import_images(photos, tmp_path / "spans", span=2, options=OPTIONS)
    assert found.classes == ["tulips", "daisy", "roses"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rec[1]", "TFX cannot read records in .*printable UTF-8 without the characters"),
        ("rec*", "TFX cannot read records in"),
        ("{SPAN}/x", "TFX cannot read records in"),
        ("a\\b", "TFX cannot read records in"),
        ("a\nb", r"TFX cannot read records in .*a\\nb;"),
        ("\udcff", r"TFX cannot read records in .*\\xff;"),
        ("file", "--out must be a folder, but .*file is a file"),
        ("file/records", "--out must be a folder, but .*file is a file"),
        ("photos/records", "is inside SOURCE"),
        ("photos", "is inside SOURCE"),
    ],
)
def test_folders_that_no_run_can_read_are_refused_at_once(photos, tmp_path, name, message):
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match=message):
        run(photos, tmp_path / name)
    assert sorted(tmp_path.rglob("*")) == before


def test_buckets_are_refused_and_a_bad_background_is_an_error(photos, tmp_path):
    with pytest.raises(UsageError, match="--out must be a folder on this machine, got gs:/"):
        run(photos, type(tmp_path)("gs://bucket/x"))
    with pytest.raises(UsageError, match="--background must be"):
        run(photos, tmp_path / "out", background="no colour")


def test_transparent_images_get_the_background(tmp_path):
    for name in "ab":
        (tmp_path / "photos" / name).mkdir(parents=True)
        Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(tmp_path / "photos" / name / "1.png")
    run(tmp_path / "photos", tmp_path / "out", background="#00ff00")
    for record in records(tmp_path / "out"):
        pixels = tf.io.decode_jpeg(record["image"].bytes_list.value[0]).numpy().astype(int)
        assert abs(pixels - [0, 255, 0]).max() <= 2


def test_a_folder_without_images_does_not_become_a_class(photos, tmp_path, make_image):
    (photos / "about").mkdir()
    (photos / "about" / "licence.txt").write_text("no image")
    found = run(photos, tmp_path / "out")
    assert found.classes == ["daisy", "roses", "tulips"]
    assert found.left_out == [LeftOut("about/licence.txt", NOTES.reason), NOTES]
    assert run(photos, tmp_path / "out").left_out == found.left_out
    Image.fromarray(make_image(1)).save(photos / "about" / "a.png")
    assert run(photos, tmp_path / "out").classes == ["daisy", "roses", "tulips", "about"]
    shutil.rmtree(photos / "roses")
    for path in [*photos.glob("tulips/*"), *photos.glob("about/*")]:
        path.write_text("no image")
    with pytest.raises(UsageError, match=r"too few classes \(daisy\); at least two are required"):
        run(photos, tmp_path / "other")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            [],
            r"SOURCE has readable images of too few classes \(none\).*It must be a folder with one",
        ),
        (
            ["roses/a.jpg", "b.jpg"],
            r"\(none\).*Left out: b.jpg: not in the folder of a class, roses",
        ),
    ],
)
def test_a_source_without_classes_is_an_error(tmp_path, names, message):
    (tmp_path / "roses").mkdir()
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(UsageError, match=message):
        run(tmp_path, tmp_path.with_name("out"))


def import_span(photos, base, number):
    return import_images(photos, base, span=number, options=OPTIONS)


def test_a_span_may_have_one_class_but_must_have_an_image(photos, tmp_path, make_image):
    base = tmp_path / "spans"
    import_span(photos, base, 1)
    (tmp_path / "week" / "roses").mkdir(parents=True)
    (tmp_path / "week" / "roses" / "a.jpg").write_text("no image")
    with pytest.raises(UsageError, match=r"SOURCE has no readable images.*roses/a\.jpg: not an"):
        import_span(tmp_path / "week", base, 2)
    assert not (base / "span-2").exists()
    Image.fromarray(make_image(1)).save(tmp_path / "week" / "roses" / "b.png")
    found = import_span(tmp_path / "week", base, 2)
    assert (found.classes, found.written) == (["daisy", "roses", "tulips"], 1)


def test_a_csv_is_the_same_source_by_any_path(photos, tmp_path, monkeypatch):
    rows = [f"{path},{path.parent.name}" for path in sorted(photos.rglob("*.png"))]
    (tmp_path / "images.csv").write_text("\n".join(["path,label", *rows]))
    monkeypatch.chdir(tmp_path)
    assert run(Path("images.csv"), tmp_path / "out").written == 10
    assert run(tmp_path / "images.csv", tmp_path / "out").added == 0
    assert run(Path("photos/../images.csv"), tmp_path / "out").added == 0
