import pytest
import tensorflow as tf

from components.serving_check.cases import bad_images, first_records, odd_images, write_requests
from components.transform.decoding import decode_rgb


@pytest.mark.parametrize("name", odd_images())
def test_serving_decodes_odd_images(name):
    assert decode_rgb(tf.constant(odd_images()[name])).shape[-1] == 3


@pytest.mark.parametrize("name", bad_images())
def test_serving_refuses_bad_images(name):
    with pytest.raises(tf.errors.InvalidArgumentError):
        decode_rgb(tf.constant(bad_images()[name]))


def test_odd_images_match_their_names():
    odd = odd_images()
    assert decode_rgb(tf.constant(odd["3000_x_2000"])).shape == (2000, 3000, 3)
    assert tf.io.decode_png(odd["16_bit_png"], dtype=tf.uint16).numpy().max() > 255
    assert tf.io.decode_gif(odd["animated_gif"]).shape[0] == 2
    assert odd["cmyk_jpeg"] != odd["grey_jpeg"]


def test_requests_to_both_signatures_contain_the_same_images(tmp_path):
    image = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"an image"]))
    example = tf.train.Example(features=tf.train.Features(feature={"image": image}))
    images = write_requests(tmp_path, {"0": example.SerializeToString()})
    assert images["real/0"] == b"an image"
    for name, content in images.items():
        assert (tmp_path / "serving_bytes" / name).read_bytes() == content
        request = tf.train.Example.FromString((tmp_path / "serving_default" / name).read_bytes())
        assert request.features.feature["image"].bytes_list.value[:] == [content]


def test_the_first_records_are_read_and_an_empty_split_is_an_error(tmp_path):
    files = [str(tmp_path / name) for name in ("a.gz", "b.gz")]
    for file in files:
        with tf.io.TFRecordWriter(file, "GZIP") as writer:
            for number in range(3):
                writer.write(f"{file[-4]}{number}")
    assert list(first_records(files, 4).values()) == [b"a0", b"a1", b"a2", b"b0"]
    with pytest.raises(ValueError, match="test split is empty"):
        first_records([], 4)
