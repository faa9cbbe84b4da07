"""TensorFlow Serving's REST API, as its documentation describes it."""

import base64
import json

import pytest
import tensorflow as tf

from data.records import bytes_feature
from pipeline.inference.predict import PushedModel
from tests.pipeline.serving.running import PREDICT, rows

STATUS = "/v1/models/flowers"


def b64(content: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(content).decode()}


def example(image: bytes, **others: bytes) -> bytes:
    features = {name: bytes_feature(value) for name, value in {"image": image, **others}.items()}
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def test_a_request_in_rows_gets_an_object_for_each_image(server, root, picture):
    images = [picture(2), picture(0)]
    answer = server.predict(rows(*images))
    assert answer.status == 200
    expected = PushedModel(root).classify(images)
    for row, prediction in zip(answer.body["predictions"], expected, strict=True):
        assert set(row) == {"label", "class_id", "probabilities"}
        assert (row["label"], row["class_id"]) == (prediction.label, prediction.class_id)
        assert row["probabilities"] == pytest.approx(prediction.probabilities, abs=1e-6)
    assert answer.headers["x-model-version"] == "1"


@pytest.mark.parametrize("wrap", [list, lambda values: {"image_bytes": values}])
def test_a_request_in_columns_gets_a_list_for_each_output(server, picture, wrap):
    inputs = wrap([b64(picture(2)), b64(picture(1))])
    answer = server.predict({"signature_name": "serving_bytes", "inputs": inputs})
    outputs = answer.body["outputs"]
    assert (outputs["label"], outputs["class_id"]) == (["blue", "green"], [2, 1])
    assert [len(values) for values in outputs["probabilities"]] == [3, 3]


def test_an_instance_may_name_its_input(server, picture):
    instances = [{"image_bytes": b64(picture(1))}]
    answer = server.predict({"signature_name": "serving_bytes", "instances": instances})
    assert answer.body["predictions"][0]["label"] == "green"


@pytest.mark.parametrize(
    "name", [{}, {"signature_name": ""}, {"signature_name": "serving_default"}]
)
def test_the_default_signature_takes_examples(server, picture, name):
    answer = server.predict({**name, "instances": [b64(example(picture(2)))]})
    assert answer.body["predictions"][0]["label"] == "blue"


def test_a_version_can_be_named(server, picture):
    answer = server.predict(rows(picture(0)), f"{STATUS}/versions/1:predict")
    assert answer.body["predictions"][0]["label"] == "red"


@pytest.mark.parametrize(
    ("path", "servable"),
    [
        ("/v1/models/tulips:predict", "Latest(tulips)"),
        ("/v1/models/flowers/versions/2:predict", "Specific(flowers, 2)"),
    ],
)
def test_what_is_not_served_is_not_found(server, picture, path, servable):
    answer = server.predict(rows(picture(0)), path)
    assert answer.status == 404
    assert answer.error == f"Servable not found for request: {servable}"


@pytest.mark.parametrize("path", [STATUS, f"{STATUS}/versions/1"])
def test_the_status_lists_the_version(server, path):
    assert server.get(path).body == {
        "model_version_status": [
            {
                "version": "1",
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    }


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/v1/models/tulips", "any versions of model tulips"),
        ("/v1/models/flowers/versions/7", "version 7 of model flowers"),
    ],
)
def test_the_status_of_what_is_not_there_is_not_found(server, path, what):
    answer = server.get(path)
    assert (answer.status, answer.error) == (404, f"Could not find {what}")


@pytest.mark.parametrize("path", [f"{STATUS}/metadata", f"{STATUS}/versions/1/metadata"])
def test_the_metadata_describe_the_signatures(server, path):
    body = server.get(path).body
    assert body["model_spec"] == {"name": "flowers", "signature_name": "", "version": "1"}
    assert set(body["metadata"]["signature_def"]) == {"signature_def"}
    signatures = body["metadata"]["signature_def"]["signature_def"]
    signature = signatures["serving_bytes"]
    assert signature["method_name"] == "tensorflow/serving/predict"
    (tensor,) = signature["inputs"].values()
    assert tensor["dtype"] == "DT_STRING"
    assert tensor["tensor_shape"] == {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}
    assert set(signature["outputs"]) == {"label", "class_id", "probabilities"}
    assert signature["outputs"]["class_id"]["dtype"] == "DT_INT64"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", PREDICT, 405),
        ("POST", STATUS, 405),
        ("GET", "/v1/models/flowers/labels/stable", 404),
        ("GET", "/v1/models/flowers/versions/0", 404),
        ("GET", f"/v1/models/flowers/versions/{'9' * 5000}", 404),
        ("POST", "/v1/models/flowers:classify", 404),
        ("GET", "/../../etc/passwd", 404),
    ],
)
def test_other_requests_get_an_error_as_json(server, method, path, status):
    answer = server.send(method, path, b"{}" if method == "POST" else None)
    assert answer.status == status
    assert path in answer.error


def test_one_bad_image_of_a_request_is_an_error_that_says_what_is_wrong(server, picture):
    answer = server.predict(rows(picture(0), b"no image", picture(1)))
    assert answer.status == 400
    assert answer.error.startswith("Unknown image file format. One of JPEG, ")


def test_a_truncated_image_is_an_error(server, picture):
    answer = server.predict(rows(picture(0)[:60]))
    assert answer.status == 400
    assert answer.error


def test_what_is_no_example_is_an_error(server, picture):
    for content in (b"no example", picture(0)):
        answer = server.predict(rows(content, signature="serving_default"))
        assert (answer.status, answer.error) == (400, "not a tf.Example")


def test_an_example_without_an_image_is_an_error(server):
    answer = server.predict(rows(b"", signature="serving_default"))
    expected = "the feature 'image' is missing; found: none"
    assert (answer.status, answer.error) == (400, expected)


def test_the_names_of_features_are_printable_and_short_in_an_error(server):
    features = tf.train.Features(feature={"\n" + "x" * 1000: bytes_feature(b"")})
    content = tf.train.Example(features=features).SerializeToString()
    answer = server.predict(rows(content, signature="serving_default"))
    assert answer.status == 400
    assert answer.error.isprintable()
    assert len(answer.error) < 400


def test_an_example_that_only_tensorflow_reads_is_refused(server, picture):
    # A name that is not UTF-8, which TensorFlow's parser does not mind.
    content = example(picture(0), é=b"x").replace("é".encode(), b"\xff\xff")
    spec = {"image": tf.io.FixedLenFeature([], tf.string)}
    assert tf.io.parse_single_example(content, spec)["image"].numpy() == picture(0)
    answer = server.predict(rows(content, signature="serving_default"))
    assert (answer.status, answer.error) == (400, "not a tf.Example")


def test_json_in_several_requests_on_one_connection(server, picture):
    connection = server.connect()
    for colour, label in enumerate(["red", "green", "blue"]):
        connection.request("POST", PREDICT, json.dumps(rows(picture(colour))))
        with connection.getresponse() as response:
            assert json.load(response)["predictions"][0]["label"] == label
    connection.close()
