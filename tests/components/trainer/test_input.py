import numpy as np
import pytest

from components.trainer.input import (
    count_examples,
    evaluation_batches,
    read_pixels,
    training_batches,
)

COUNT, SIZE = 10, 8
PLAIN = {"flip_left_right": False, "saturation": None}


@pytest.fixture
def files(write_transformed, make_image):
    images = [make_image(index, SIZE, SIZE) for index in range(COUNT)]
    return write_transformed("transformed", images, range(COUNT))


def batches(files, *, epochs=3, batch_size=4, seed=1, **options):
    examples = read_pixels(files, SIZE)
    stream = training_batches(
        examples, count_examples(examples), epochs=epochs, batch_size=batch_size, seed=seed,
        **(PLAIN | options),
    )  # fmt: skip
    return [(images.numpy(), labels.numpy()) for images, labels in stream]


def test_records_are_read_in_order(files, make_image):
    examples = list(read_pixels(files, SIZE).as_numpy_iterator())
    assert [label for _, label in examples] == list(range(COUNT))
    assert np.array_equal(examples[3][0], make_image(3, SIZE, SIZE))


def test_batches_have_one_shape_and_an_epoch_has_no_example_twice(files):
    found = batches(files)
    assert [images.shape for images, _ in found] == [(4, SIZE, SIZE, 3)] * 6
    for epoch in range(3):
        labels = np.concatenate([labels for _, labels in found[2 * epoch : 2 * epoch + 2]])
        assert len(set(labels)) == 8


def test_epochs_differ_in_order_and_a_seed_repeats_it(files):
    labels = [batch.tolist() for _, batch in batches(files)]
    assert labels[:2] != labels[2:4]
    assert labels == [batch.tolist() for _, batch in batches(files)]
    assert labels != [batch.tolist() for _, batch in batches(files, seed=2)]


def test_images_keep_their_labels(files, make_image):
    for images, labels in batches(files):
        for image, label in zip(images, labels, strict=True):
            assert np.allclose(image, make_image(label, SIZE, SIZE) / 255, atol=1e-6)


def test_augmentation_is_drawn_anew_each_epoch(files):
    seen = {label: set() for label in range(COUNT)}
    for images, labels in batches(files, epochs=6, saturation=(0.0, 2.0)):
        for image, label in zip(images, labels, strict=True):
            seen[int(label)].add(image.tobytes())
    assert all(len(variants) >= 3 for variants in seen.values())
    assert sum(map(len, seen.values())) == 6 * 8


def test_evaluation_sees_every_example_unchanged_and_in_order(files, make_image):
    found = list(evaluation_batches(read_pixels(files, SIZE), 4))
    assert [len(labels) for _, labels in found] == [4, 4, 2]
    assert np.concatenate([labels for _, labels in found]).tolist() == list(range(COUNT))
    assert np.allclose(found[2][0][1], make_image(9, SIZE, SIZE) / 255, atol=1e-6)
