import numpy as np
import pytest
import tensorflow as tf

from components.transform.augmentation.mixing import Mixing
from components.transform.augmentation.setting import parse_augmentation

# A multiple of the number of classes: neighbours never have the same class.
BATCH, SIZE, CLASSES = 63, 20, 3


def mixed(value, step=0, seed=0, classes=CLASSES):
    """Mixes a batch whose images have one value each: 0, 3, 6, ...; labels 0, 1, 2, 0, ..."""
    values = np.arange(BATCH, dtype=np.uint8) * 3
    images = np.broadcast_to(values[:, None, None, None], [BATCH, SIZE, SIZE, 3])
    mixing = Mixing(parse_augmentation(value).batch_ops, seed, classes)
    labels = np.arange(BATCH) % classes
    results = mixing(tf.constant(images), tf.constant(labels), tf.constant(step, tf.int64))
    return images, labels, *(result.numpy() for result in results)


@pytest.mark.parametrize("value", [["mixup"], ["cutmix"], ["mixup", "cutmix"]])
def test_labels_are_mixed_in_the_proportion_of_the_pixels(value):
    images, labels, mixed_images, shares = mixed(value)
    assert (mixed_images.dtype, mixed_images.shape) == (np.uint8, images.shape)
    assert (shares.dtype, shares.shape) == (np.float32, (BATCH, CLASSES))
    assert shares.sum(-1) == pytest.approx(1)
    own = shares[np.arange(BATCH), labels]
    expected = own * images[:, 0, 0, 0] + (1 - own) * np.roll(images[:, 0, 0, 0], 1)
    assert mixed_images.mean((1, 2, 3)) == pytest.approx(expected, abs=0.51)
    # Of an image and the one before it.
    assert np.all(shares[np.arange(BATCH), (labels + 1) % CLASSES] < 1e-6)


def test_mixup_blends_whole_images_with_a_share_from_the_beta_distribution():
    _, labels, blended, _ = mixed([{"mixup": 0.2}])
    assert np.all(np.ptp(blended, axis=(1, 2, 3)) == 0)
    own = np.concatenate(
        [mixed([{"mixup": 0.2}], step)[3][np.arange(BATCH), labels] for step in range(20)]
    )
    reference = np.random.default_rng(0).beta(0.2, 0.2, 100_000)
    for quantile in (0.2, 0.4, 0.5, 0.6, 0.8):
        assert np.mean(own < np.quantile(reference, quantile)) == pytest.approx(quantile, abs=0.05)


def test_cutmix_replaces_a_rectangle():
    images, labels, cut, shares = mixed(["cutmix"])
    own = shares[np.arange(BATCH), labels]
    for before, after, share in zip(images, cut, own, strict=True):
        foreign = np.any(after != before, -1)
        assert foreign.sum() == foreign.any(0).sum() * foreign.any(1).sum()
        assert foreign.mean() == pytest.approx(1 - share, abs=1e-6)
    assert min(own) < 0.4
    assert max(own) > 0.9


def test_mixup_and_cutmix_together_take_about_half_of_the_images_each():
    _, _, results, _ = mixed([{"mixup": 10}, {"cutmix": 10}])
    blended = np.mean(np.ptp(results, axis=(1, 2, 3)) == 0)
    assert 0.3 < blended < 0.7


def test_steps_and_seeds_differ_and_repeat():
    results = [mixed(["mixup"], step, seed)[2] for step, seed in ((0, 0), (1, 0), (0, 1), (0, 0))]
    assert np.array_equal(results[0], results[3])
    assert not np.array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])
