import pytest
import tensorflow as tf

from data.common.errors import UsageError
from data.features import UNCHANGED
from data.synthetic import write_sample
from pipeline.evaluation.labelled_images import find_labelled


def labels(found):
    records = [tf.train.Example.FromString(r.content).features.feature for r in found.records]
    return sorted(f["label"].bytes_list.value[0].decode() for f in records)


def test_a_folder_per_class(photos):
    found = find_labelled(str(photos(dark=[1, 2], light=[200])), UNCHANGED)
    assert labels(found) == ["dark", "dark", "light"]


def test_a_table(photos, tmp_path):
    folder = photos(dark=[1], light=[200])
    (tmp_path / "list.csv").write_text(f"path,label\n{folder}/dark/1.png,light\n")
    assert labels(find_labelled(str(tmp_path / "list.csv"), UNCHANGED)) == ["light"]


@pytest.mark.parametrize("pattern", ["", "*.tfrec"])
def test_records(tmp_path, pattern):
    write_sample(tmp_path, count=10, shards=2, pixels=32)
    found = find_labelled(str(tmp_path / pattern), UNCHANGED)
    assert len(labels(found)) == 10
    assert found.left_out == []


def test_folders_of_splits_must_be_merged_explicitly(photos, tmp_path):
    photos(dark=[1], light=[200]).rename(tmp_path / "train")
    (tmp_path / "all").mkdir()
    (tmp_path / "train").rename(tmp_path / "all" / "train")
    with pytest.raises(UsageError, match="--merge-splits"):
        find_labelled(str(tmp_path / "all"), UNCHANGED)
    assert labels(find_labelled(str(tmp_path / "all"), UNCHANGED, True)) == ["dark", "light"]


def test_records_have_no_folders_of_splits(tmp_path):
    write_sample(tmp_path, count=10, shards=2, pixels=32)
    with pytest.raises(UsageError, match="--merge-splits is for folders of images"):
        find_labelled(str(tmp_path), UNCHANGED, True)


def test_errors_name_the_argument(tmp_path):
    with pytest.raises(UsageError, match=r"no record files match .* DATA takes 'sample'") as error:
        find_labelled(str(tmp_path / "nowhere"), UNCHANGED)
    assert "--data" not in str(error.value)
