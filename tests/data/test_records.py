import pytest
import tensorflow as tf

from data.records import encode_example, shard_name

CLASSES = ["daisy", "roses"]


def test_an_example_has_the_layout_of_flowers_public():
    example = tf.train.Example.FromString(encode_example(b"jpeg", 1, CLASSES, (192, 128)))
    features = example.features.feature
    assert features["image"].bytes_list.value == [b"jpeg"]
    assert features["class"].int64_list.value == [1]
    assert features["label"].bytes_list.value == [b"roses"]
    assert features["size"].int64_list.value == [192, 128]
    assert features["one_hot_class"].float_list.value == [0.0, 1.0]


@pytest.mark.parametrize("class_id", [-1, 2])
def test_a_class_id_outside_the_names_is_refused(class_id):
    with pytest.raises(ValueError, match=r"outside 0\.\.1"):
        encode_example(b"jpeg", class_id, CLASSES, (1, 1))


def test_a_shard_name_contains_its_count():
    assert shard_name("flowers", 3, 230) == "flowers03-230.tfrec"
