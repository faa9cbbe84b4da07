import json
from collections import Counter

import pytest
import tensorflow as tf
from PIL import Image

from data import image_import
from data.common.errors import UsageError
from data.image_import import WriteShard, import_images

OPTIONS = {"size": 20, "seed": 0, "per_shard": 4, "workers": 1}


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


def records(folder):
    files = sorted(str(path) for path in folder.glob("*.tfrec"))
    return [
        tf.train.Example.FromString(record).features.feature
        for record in tf.data.TFRecordDataset(files).as_numpy_iterator()
    ]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_images_become_records_with_their_labels(photos, tmp_path):
    found = import_images(photos, tmp_path / "out", **OPTIONS)
    assert (found.classes, found.written) == (["daisy", "roses", "tulips"], 10)
    assert found.unreadable == [
        (str(photos / "daisy" / "notes.txt"), "not an image that Pillow can read")
    ]
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
        import_images(photos, tmp_path / name, **{**OPTIONS, "seed": seed})
    a, b, c = (contents(tmp_path / name) for name in "abc")
    assert a == b
    assert a != c


def test_an_interrupted_import_resumes_with_the_same_result(photos, tmp_path, monkeypatch):
    import_images(photos, tmp_path / "whole", **OPTIONS)
    original = image_import.read_as_jpeg
    calls = []

    def fail(path, size):
        calls.append(path)
        if len(calls) > 6:
            raise MemoryError
        return original(path, size)

    monkeypatch.setattr(image_import, "read_as_jpeg", fail)
    with pytest.raises(Exception, match="MemoryError"):
        import_images(photos, tmp_path / "cut", **OPTIONS)
    # There is no incomplete file with the name of a shard.
    whole = contents(tmp_path / "whole")
    for path in (tmp_path / "cut").glob("*.tfrec"):
        assert path.read_bytes() == whole[path.name]
    monkeypatch.setattr(image_import, "read_as_jpeg", original)
    with pytest.raises(UsageError, match="unfinished import of other images or with other options"):
        import_images(photos, tmp_path / "cut", **{**OPTIONS, "seed": 5})
    import_images(photos, tmp_path / "cut", **OPTIONS)
    assert contents(tmp_path / "cut") == whole


def test_a_finished_import_is_not_repeated(photos, tmp_path, monkeypatch):
    first = import_images(photos, tmp_path / "out", **OPTIONS)
    monkeypatch.setattr(WriteShard, "process", None)
    assert import_images(photos, tmp_path / "out", **OPTIONS) == first
    with pytest.raises(UsageError, match="contains the records of another import"):
        import_images(photos, tmp_path / "out", **{**OPTIONS, "size": 10})


def test_other_records_are_not_overwritten(photos, tmp_path):
    (tmp_path / "a.tfrec").touch()
    with pytest.raises(UsageError, match="already contains records"):
        import_images(photos, tmp_path, **OPTIONS)


def test_existing_labels_keep_their_ids(photos, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "labels.txt").write_text("tulips\ncactus\n")
    found = import_images(photos, tmp_path / "out", **OPTIONS)
    assert found.classes == ["tulips", "cactus", "daisy", "roses"]
    assert json.loads((tmp_path / "out" / "import.json").read_text())["written"] == 10
