import numpy as np
import pytest
import tensorflow as tf

from components.trainer.models import build_model


def test_squeezenet_of_the_codelab_has_120613_parameters():
    assert build_model("squeezenet", 192, 5).count_params() == 120_613


@pytest.mark.parametrize("classes", [2, 7])
def test_a_network_answers_with_a_probability_for_each_class(classes):
    model = build_model("squeezenet", 32, classes)
    answers = model(np.zeros([3, 32, 32, 3], np.float32)).numpy()
    assert answers.shape == (3, classes)
    assert answers.dtype == np.float32
    assert answers.sum(-1) == pytest.approx(1, abs=1e-5)


def test_steps_lower_the_loss():
    tf.keras.utils.set_random_seed(0)
    model = build_model("squeezenet", 32, 2)
    model.compile("adam", "sparse_categorical_crossentropy")
    images = np.random.default_rng(0).uniform(size=[8, 32, 32, 3]).astype(np.float32)
    history = model.fit(images, np.array([0, 1] * 4), batch_size=8, epochs=8, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_an_unknown_name_is_an_error():
    with pytest.raises(KeyError):
        build_model("nothing", 32, 2)
