import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageEnhance

from components.predictions.changes import CHANGES, JPEG_CHANGE, changed_records
from components.predictions.records import RecordBatch
from components.transform.decoding import decode_bytes
from data.records import encode_example
from tests.encoding import encode


def changed(image: Image.Image) -> dict[str, np.ndarray]:
    """Returns the pixels of an image after each change."""
    record = encode_example(encode(image), 0, ["a", "b"], image.size)
    batch = RecordBatch([record])
    return {
        name: decode_bytes(RecordBatch(records).images[0])
        for name, records in changed_records(batch)
    }


@pytest.fixture(scope="module")
def photograph() -> Image.Image:
    """Smooth colours with a sharp white square in the middle."""
    rows, columns = np.mgrid[0:120, 0:160]
    pixels = np.stack([rows, columns, 60 + 0 * rows], axis=2).astype(np.uint8)
    pixels[50:70, 70:90] = 255
    return Image.fromarray(pixels)


def test_all_changes_are_made_in_their_order(photograph):
    assert list(changed(photograph)) == list(CHANGES)


@pytest.mark.parametrize(
    ("change", "shape"),
    [
        ("squeezed to 3:4", (120, 120)),
        ("cut to the middle 70 %", (84, 112)),
        ("turned by 15 degrees", (120, 160)),
        ("blurred", (120, 160)),
    ],
)
def test_a_change_gives_the_expected_size(photograph, change, shape):
    assert changed(photograph)[change].shape[:2] == shape


@pytest.mark.parametrize("width", [157, 158, 159, 160])
def test_pixels_are_stored_without_loss_in_rows_of_any_width(photograph, width):
    image = photograph.crop((0, 0, width, 120))
    expected = np.asarray(ImageEnhance.Brightness(image).enhance(0.7))
    np.testing.assert_array_equal(changed(image)["30 % darker"], expected)


def test_light_changes_by_a_third(photograph):
    found, before = changed(photograph), np.asarray(photograph)
    corner = before[5:40, 5:60].astype(float)
    darker, brighter = (found[f"30 % {how}"][5:40, 5:60] for how in ("darker", "brighter"))
    assert np.allclose(darker, 0.7 * corner, atol=1.01)
    assert np.allclose(brighter, 1.3 * corner, atol=1.01)


def test_a_cut_keeps_the_middle_and_a_turn_invents_no_black_corners(photograph):
    found, before = changed(photograph), np.asarray(photograph)
    assert np.array_equal(found["cut to the middle 70 %"], before[18:102, 24:136])
    assert found["turned by 15 degrees"][:10, :10].sum() > 0
    # The middle stays where it is.
    assert found["turned by 15 degrees"][60, 80].min() == 255


def test_a_panorama_has_no_black_corners_after_a_turn():
    turned = changed(Image.new("RGB", (400, 20), "white"))["turned by 15 degrees"]
    assert turned.shape == (20, 400, 3)
    assert turned.min() == 255


def test_a_blur_and_a_low_quality_change_edges_only_a_little(photograph):
    found, before = changed(photograph), np.asarray(photograph).astype(float)
    for change in ("blurred", JPEG_CHANGE):
        difference = np.abs(found[change] - before)
        assert 0 < difference.mean() < 5
        assert difference.max() > 20


def test_changed_images_are_encoded_without_loss_or_as_low_quality(photograph):
    batch = RecordBatch([encode_example(encode(photograph), 1, ["a", "b"], photograph.size)])
    for name, records in changed_records(batch):
        (image,) = RecordBatch(records).images
        assert Image.open(io.BytesIO(image)).format == ("JPEG" if name == JPEG_CHANGE else "BMP")
        assert RecordBatch(records).classes == [1]


def test_a_large_photograph_is_reduced_and_a_tiny_image_survives():
    large = changed(Image.new("RGB", (3000, 1500), "red"))
    assert large["30 % darker"].shape == (512, 1024, 3)
    assert all(image.size for image in changed(Image.new("RGB", (1, 2))).values())


def test_the_records_keep_their_other_features(photograph):
    record = encode_example(encode(photograph), 1, ["a", "b"], photograph.size, "x/y.jpg")
    (_, (first,)), *_ = changed_records(RecordBatch([record]))
    before, after = (tf.train.Example.FromString(r).features.feature for r in (record, first))
    assert {name: after[name] for name in after if name != "image"} == {
        name: before[name] for name in before if name != "image"
    }
