import io

import numpy as np
import pytest
from PIL import Image

from components.trainer.augmented_images import DRAWS, ROWS, write_augmented
from components.trainer.settings import ModelSettings, TrainerSettings, TrainingSettings


def picture_of(folder, files, size, augment):
    trainer = TrainerSettings(augment=augment)
    settings = TrainingSettings(image_size=size, model=ModelSettings(), trainer=trainer)
    write_augmented(settings, files, 2, str(folder))
    content = (folder / "augmented.jpg").read_bytes()
    return np.asarray(Image.open(io.BytesIO(content))), len(content)


@pytest.fixture
def write(write_transformed, make_image):
    def write(count, size):
        images = [make_image(index, size, size) for index in range(count)]
        return images, write_transformed("train", images, [index % 2 for index in range(count)])

    return write


def test_a_row_begins_with_the_image_itself(write, tmp_path):
    images, files = write(ROWS + 2, 48)
    picture, _ = picture_of(tmp_path, files, 48, "standard")
    assert picture.shape == (ROWS * 48, (1 + DRAWS) * 48, 3)
    for row, image in enumerate(images[:ROWS]):
        tiles = np.split(picture[row * 48 : row * 48 + 48].astype(int), 1 + DRAWS, axis=1)
        assert np.abs(tiles[0] - image).mean() < 6
        assert all(np.abs(tile - image).mean() > 6 for tile in tiles[1:])


def test_images_that_are_mixed_are_shown_mixed(write, tmp_path):
    images, files = write(ROWS, 48)
    picture, _ = picture_of(tmp_path, files, 48, [{"mixup": 10}])
    tile = picture[48:96, 48:96].astype(int)
    middle = np.mean([images[0], images[1]], 0)
    assert np.abs(tile - middle).mean() < np.abs(tile - images[1]).mean()


def test_fewer_images_than_rows_are_shown(write, tmp_path):
    _, files = write(2, 48)
    assert picture_of(tmp_path, files, 48, "codelab")[0].shape == (2 * 48, (1 + DRAWS) * 48, 3)


def test_the_picture_of_large_detailed_images_is_small(write_transformed, tmp_path):
    noise = np.random.default_rng(0).normal(128, 40, [ROWS, 192, 192, 3]).clip(0, 255)
    files = write_transformed("train", noise.astype(np.uint8), [0] * ROWS)
    picture, size = picture_of(tmp_path, files, 192, "strong")
    assert picture.shape == (ROWS * 96, (1 + DRAWS) * 96, 3)
    assert size < 100_000, size
