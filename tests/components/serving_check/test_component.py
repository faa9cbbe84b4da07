"""A real model, exported as the Trainer does it and checked in a separate process."""

import io
import json
import shutil
from functools import partial
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from PIL import Image
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_transform import beam as tft_beam
from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils
from tfx.components.util.model_utils import is_infra_validated
from tfx.types import artifact_utils, standard_artifacts

from components.lite import export as export_module
from components.lite.convert import NotConvertible
from components.lite.interpreter import LiteModel
from components.model_store.exports import judged_file
from components.serving_check.component import ServingCheck
from components.serving_check.result import format_serving_check
from components.serving_check.result_files import read_serving_check
from components.serving_check.summary import summarize
from components.trainer.export import Servable, export, save_weights
from components.trainer.models import build_model
from components.trainer.settings import ModelSettings, TrainerSettings, TrainingSettings
from components.transform.preprocessing import preprocessing_fn
from data.records import encode_example
from data.schema import schema_with
from pipeline.settings.beam import BeamSettings, local_beam_args

NAMES = ["daisy", "roses", "tulips"]
SETTINGS = TrainingSettings(image_size=32, model=ModelSettings(), trainer=TrainerSettings())


@pytest.fixture(scope="module")
def examples() -> list[bytes]:
    """Ten records of noisy images."""
    records = []
    for seed in range(10):
        pixels = np.random.default_rng(seed).integers(0, 25 * (seed + 1), [40, 50, 3])
        content = io.BytesIO()
        Image.fromarray(pixels.astype(np.uint8)).save(content, "JPEG")
        records.append(encode_example(content.getvalue(), seed % 3, NAMES, (50, 40)))
    return records


@pytest.fixture(scope="module")
def transform(tmp_path_factory, examples) -> tft.TFTransformOutput:
    """The transform graph that Transform writes."""
    folder = str(tmp_path_factory.mktemp("transform"))
    features = {
        "image": tf.io.FixedLenFeature([], tf.string),
        "class": tf.io.FixedLenFeature([], tf.int64),
    }
    metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(features))
    preprocess = partial(preprocessing_fn, custom_config={"image_size": 32})
    with (
        beam.Pipeline(argv=local_beam_args(BeamSettings())) as pipeline,
        tft_beam.Context(temp_dir=f"{folder}/tmp"),
    ):
        instances = pipeline | beam.Create([{"image": b"", "class": 0}])
        function = (instances, metadata) | tft_beam.AnalyzeDataset(preprocess)
        function | tft_beam.WriteTransformFn(folder)
    return tft.TFTransformOutput(folder)


def network(seed: int) -> tf.keras.Model:
    """A network with confident answers; those of an untrained one are nearly all the same."""
    tf.keras.utils.set_random_seed(seed)
    model = build_model(SETTINGS.model, 32, len(NAMES))
    *weights, kernel, bias = model.get_weights()
    model.set_weights([*weights, 20 * kernel, bias])
    return model


@pytest.fixture(scope="module")
def model(tmp_path_factory, transform) -> standard_artifacts.Model:
    artifact = standard_artifacts.Model()
    artifact.uri = str(tmp_path_factory.mktemp("model"))
    trained = network(seed=0)
    export(Servable(trained, transform, NAMES, 32), f"{artifact.uri}/Format-Serving")
    save_weights(trained, f"{artifact.uri}/Format-Serving")
    return artifact


@pytest.fixture(scope="module")
def inputs(tmp_path_factory, model, examples) -> dict:
    found = {"model": model, "schema": standard_artifacts.Schema(),
             "examples": standard_artifacts.Examples()}  # fmt: skip
    found["schema"].uri = str(tmp_path_factory.mktemp("schema"))
    Path(found["schema"].uri, "schema.pbtxt").write_text(schema_with(NAMES), encoding="utf-8")
    found["examples"].uri = str(tmp_path_factory.mktemp("examples"))
    found["examples"].split_names = artifact_utils.encode_split_names(["train", "test"])
    for split in ("train", "test"):
        Path(found["examples"].uri, f"Split-{split}").mkdir()
        file = f"{found['examples'].uri}/Split-{split}/a.gz"
        with tf.io.TFRecordWriter(file, "GZIP") as writer:
            for example in examples:
                writer.write(example)
    return found


@pytest.fixture
def check(inputs, tmp_path):
    """Returns a function that runs the component on a model, with limits."""

    def run(
        model: standard_artifacts.Model,
        latency: float = 0,
        megabytes: float = 0,
        tflite: str = "",
        max_loss: float = 0,
    ):
        blessing = standard_artifacts.InfraBlessing()
        blessing.uri = str(tmp_path / "blessing")
        ServingCheck.test_call(
            **{**inputs, "model": model}, blessing=blessing, settings=SETTINGS.model_dump_json(),
            max_latency_ms=latency, max_megabytes=megabytes, tflite=tflite,
            tflite_max_loss=max_loss, code_fingerprint="",
        )  # fmt: skip
        return blessing, read_serving_check(blessing.uri)

    return run


@pytest.fixture
def copied(model, tmp_path) -> standard_artifacts.Model:
    """A copy of the model for a test to damage."""
    artifact = standard_artifacts.Model()
    artifact.uri = str(tmp_path / "model")
    shutil.copytree(model.uri, artifact.uri)
    return artifact


def test_the_saved_model_has_no_functions_of_keras_layers(model):
    """Saving would convert them by AutoGraph, for seconds; nobody calls them."""
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString(Path(model.uri, "Format-Serving/saved_model.pb").read_bytes())
    functions = [f.signature.name for f in saved.meta_graphs[0].graph_def.library.function]
    assert any("serving_bytes" in name for name in functions)
    assert not [name for name in functions if "layer_call" in name or "wrapped_model" in name]


def test_a_correctly_exported_model_is_blessed(check, model):
    blessing, result = check(model, latency=60_000, megabytes=100)
    assert result.problems == []
    assert is_infra_validated(blessing)
    assert Path(blessing.uri, "INFRA_BLESSED").exists()
    assert result.largest_difference < 1e-4
    assert 0.1 < result.megabytes < 100
    for times in result.latency_ms.values():
        assert 0 < times["p50"] <= times["p99"]
    answers = result.answers["serving_default"]
    assert sum(name.startswith("real/") for name in answers) == 8
    assert answers["garbage/example_of_empty"] == (
        "InvalidArgumentError: assertion failed: [the bytes are not a JPEG, PNG, GIF or BMP]"
    )
    assert "67 requests" in format_serving_check(result)
    summary = summarize({"blessing": [blessing]}, run=None)
    assert summary.text == format_serving_check(result)
    assert summary.values == {"serving_check": result}
    # The answers distinguish the images, or the comparison would prove little.
    assert len(set(answers.values())) > 8
    assert "sending garbage/empty to serving_bytes" in Path(blessing.uri, "probe.log").read_text(
        encoding="utf-8"
    )


def test_a_slow_and_large_model_with_other_weights_is_refused(check, copied):
    shutil.rmtree(f"{copied.uri}/Format-Keras")
    save_weights(network(seed=1), f"{copied.uri}/Format-Serving")
    blessing, result = check(copied, latency=0.001, megabytes=0.001)
    assert not is_infra_validated(blessing)
    assert Path(blessing.uri, "INFRA_NOT_BLESSED").exists()
    text = "\n".join(result.problems)
    assert "serving_bytes: 24 of 24 answers differ from the network's" in text
    assert "serving_default: the 99th percentile of requests of one image is" in text
    assert "max_megabytes allows 0.001" in text


@pytest.mark.slow
def test_a_tensorflow_lite_file_is_written_and_judged_with_the_model(check, model):
    blessing, result = check(model, tflite="int8", max_loss=1)
    assert is_infra_validated(blessing)
    assert judged_file(blessing.uri, result.lite) == f"{blessing.uri}/model.tflite"
    lite = LiteModel(Path(blessing.uri, "model.tflite").read_bytes())
    assert lite.names == NAMES
    assert (result.lite.precision, result.lite.n) == ("int8", 10)
    assert "\n  TensorFlow Lite, int8: 0." in format_serving_check(result)


def test_a_model_whose_network_cannot_be_converted_is_refused(check, model, monkeypatch):
    def convert(*args):
        raise NotConvertible("no operation for it")

    monkeypatch.setattr(export_module, "convert", convert)
    blessing, result = check(model, tflite="float16")
    assert not is_infra_validated(blessing)
    problem = "TensorFlow Lite, float16: the network cannot be converted: no operation for it"
    assert result.problems == [problem]
    assert judged_file(blessing.uri, result.lite) == ""


def test_a_result_of_an_earlier_version_has_no_tensorflow_lite_file(tmp_path):
    result = {"problems": [], "megabytes": 1.5, "load_seconds": 2}
    (tmp_path / "serving_check.json").write_text(json.dumps(result))
    assert read_serving_check(str(tmp_path)).lite is None


def test_a_model_that_cannot_be_loaded_is_refused_with_the_reason(check, copied):
    (data,) = Path(copied.uri, "Format-Serving", "variables").glob("variables.data*")
    data.write_bytes(data.read_bytes()[:1000])
    blessing, result = check(copied)
    assert not is_infra_validated(blessing)
    (line,) = result.problems
    assert line == (
        "the serving process died (exit code 1) while loading the model: "
        "IndexError: Read less bytes than requested"
    )
    assert "Traceback" in Path(blessing.uri, "probe.log").read_text(encoding="utf-8")
