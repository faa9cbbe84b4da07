import numpy as np
import pytest
import tensorflow as tf

from components.trainer import input as input_module
from components.trainer.input import Images, evaluation_batches, make_plan, training_batches
from components.trainer.settings import TrainerSettings

COUNT, SIZE = 10, 8


@pytest.fixture
def files(write_transformed, make_image):
    images = [make_image(index, SIZE, SIZE) for index in range(COUNT)]
    return write_transformed("transformed", images, range(COUNT))


def batches(files, *, epochs=3, batch_size=4, seed=1, first_epoch=0, skip_steps=0, augment=()):
    # As a training does: tf.data combines it with the seed of a shuffle.
    tf.keras.utils.set_random_seed(0)
    settings = TrainerSettings(
        epochs=epochs, batch_size=batch_size, seed=seed, augment=list(augment)
    )
    images = Images(files, SIZE)
    plan = make_plan(settings, 1, images.count)
    stream = training_batches(images, settings, plan, first_epoch, skip_steps)
    return [(images.numpy(), labels.numpy()) for images, labels in stream]


def test_records_are_read_in_order(files, make_image):
    images = Images(files, SIZE)
    examples = list(images.examples.as_numpy_iterator())
    assert images.count == COUNT
    assert [label for _, label in examples] == list(range(COUNT))
    assert np.array_equal(examples[3][0], make_image(3, SIZE, SIZE))


def test_an_interrupted_training_resumes_with_the_next_batches(files):
    whole, rest = batches(files), batches(files, first_epoch=1, skip_steps=1)
    assert len(rest) == 3
    for (images, labels), (again, labels_again) in zip(whole[3:], rest, strict=True):
        assert np.array_equal(images, again)
        assert np.array_equal(labels, labels_again)


def test_images_that_do_not_fit_into_memory_are_read_again(files, monkeypatch):
    monkeypatch.setattr(input_module, "IMAGES_BYTES", 4 * SIZE * SIZE * 3)
    images = Images(files, SIZE)
    assert (images.count, images.shuffle_buffer) == (COUNT, 4)
    labels = [label for _, batch in batches(files, batch_size=5) for label in batch]
    assert [sorted(labels[i : i + COUNT]) for i in (0, 10, 20)] == [list(range(COUNT))] * 3
    assert labels[:10] != labels[10:20]


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
            assert np.array_equal(image, make_image(label, SIZE, SIZE))


def test_augmentation_differs_in_each_epoch(files):
    seen = {label: set() for label in range(COUNT)}
    for images, labels in batches(files, epochs=6, augment=[{"saturation": [0, 2]}]):
        for image, label in zip(images, labels, strict=True):
            seen[int(label)].add(image.tobytes())
    assert sum(map(len, seen.values())) == 6 * 8


def test_evaluation_sees_every_example_once_and_padding_has_no_weight(files, make_image):
    found = list(evaluation_batches(Images(files, SIZE), 4))
    assert [images.shape[0] for images, _, _ in found] == [4, 4, 4]
    labels, weights = (np.concatenate([batch[i] for batch in found]) for i in (1, 2))
    assert labels[:COUNT].tolist() == list(range(COUNT))
    assert weights.tolist() == [1] * COUNT + [0] * 2
    assert np.array_equal(found[2][0][1], make_image(9, SIZE, SIZE))


def test_nothing_waits_for_autotuning_to_end(files):
    images, settings = Images(files, SIZE), TrainerSettings(batch_size=4)
    training = training_batches(images, settings, make_plan(settings, 1, images.count))
    for dataset in (images.examples, training, evaluation_batches(images, 4)):
        assert dataset.options().autotune.enabled is False
