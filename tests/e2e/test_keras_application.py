"""Whole runs of networks of tf.keras.applications that scale the pixels themselves."""

import pytest
import tensorflow as tf

from data.synthetic import write_sample

SETTINGS = ["transform.image_size=32", "trainer.epochs=1", "trainer.batch_size=16"]
SETTINGS += ["data.split_salt=2", "gate.target=0.0", "gate.min_examples=1"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["MobileNetV3Small", pytest.param("EfficientNetV2B0", marks=pytest.mark.long)]
)
def test_a_network_with_weights_of_a_file_is_served_and_is_a_warm_start(flowers, tmp_path, name):
    write_sample(tmp_path / "data", count=120, shards=2, pixels=32)
    body = getattr(tf.keras.applications, name)(
        include_top=False, weights=None, input_shape=[32, 32, 3]
    )
    weights = tmp_path / "weights.h5"
    body.save_weights(weights)
    settings = [*SETTINGS, "model.name=keras_application", f"model.application={name}"]

    def run(*more):
        given = [option for setting in [*settings, *more] for option in ("--set", setting)]
        return flowers("run", "--data", tmp_path / "data", "--root", tmp_path / "root", *given)

    answer = run(f"model.weights={weights}")
    assert answer.code == 0, answer.out
    # The exported model answers as the network does, to real and unusual requests.
    assert "FIT TO SERVE" in answer.out
    answer = run("model.warm_start=serving", "gate.max_loss=1", "gate.significance=1.0e-99")
    assert answer.code == 0, answer.out
    assert "from version 1: best epoch 1 of 1" in answer.out
    newest = flowers("runs", "--root", tmp_path / "root", "--json").json()[0]
    assert newest["warm_start"]["version"] == 1
    assert newest["pushed"] == 2
