import numpy as np

from components.lite.export import _sample


class Batch:
    """Stands for a RecordBatch of which only the images are read."""

    def __init__(self, images):
        self.images = images


def batches(number, size=32):
    images = [str(i).encode() for i in range(number)]
    return [Batch(images[start : start + size]) for start in range(0, number, size)]


def test_all_images_of_a_small_split_are_taken():
    assert _sample(batches(50), 200) == [str(i).encode() for i in range(50)]


def test_a_sample_of_a_large_split_is_spread_over_it_and_always_the_same():
    chosen = [int(image) for image in _sample(batches(5000), 200)]
    assert len(set(chosen)) == 200
    quarters = np.histogram(chosen, bins=4, range=(0, 5000))[0]
    assert quarters.min() > 30
    assert chosen == [int(image) for image in _sample(batches(5000), 200)]
