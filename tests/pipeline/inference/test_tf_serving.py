"""The client for TensorFlow Serving, against local servers that follow the published protocols.

The servers run the signature of the SavedModel in this process instead of TensorFlow Serving. What
needs no special answer of a server is also tested with `flowers serve`.
"""

import base64
import contextlib
import http.server
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from data.common.errors import UsageError
from pipeline.inference.input_images import InputImage
from pipeline.inference.predict import PushedModel, predict
from pipeline.inference.tf_serving import connect, grpc_request, rest_body
from pipeline.serving.limits import Limits
from tests.pipeline.serving.running import running

COLOURS = ["red", "green", "blue"]
NOT_FOUND = "Servable not found for request: Latest(tulips)"
REST, GRPC, FLOWERS = "rest", "grpc", "flowers"


class Problem(Exception):
    """An error response: the gRPC status code and the message."""

    def __init__(self, code: grpc.StatusCode, message: str):
        super().__init__(message)
        self.code, self.message = code, message


class Served:
    """A model as TensorFlow Serving runs it: a graph session that is fed through signatures."""

    def __init__(self, path: str):
        self._session = tf.compat.v1.Session(graph=tf.Graph())
        with self._session.graph.as_default():
            loaded = tf.compat.v1.saved_model.load(self._session, ["serve"], path)
        self._signatures = dict(loaded.signature_def)

    def signature(self, name: str) -> Any:
        if name not in self._signatures:
            raise Problem(
                grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.'
            )
        return self._signatures[name]

    def predict(self, request: predict_pb2.PredictRequest) -> predict_pb2.PredictResponse:
        if request.model_spec.name != "flowers":
            raise Problem(grpc.StatusCode.NOT_FOUND, NOT_FOUND)
        signature = self.signature(request.model_spec.signature_name or "serving_default")
        if set(request.inputs) != set(signature.inputs):
            raise Problem(grpc.StatusCode.INVALID_ARGUMENT, "input size does not match signature")
        feeds = {}
        for name, tensor in request.inputs.items():
            assert tensor.dtype == signature.inputs[name].dtype
            assert len(tensor.tensor_shape.dim) == len(signature.inputs[name].tensor_shape.dim)
            feeds[signature.inputs[name].name] = tf.make_ndarray(tensor)
        return self._run(signature, feeds)

    def _run(self, signature: Any, feeds: dict[str, Any]) -> predict_pb2.PredictResponse:
        fetches = {name: tensor.name for name, tensor in signature.outputs.items()}
        try:
            outputs = self._session.run(fetches, feeds)
        except tf.errors.InvalidArgumentError as error:
            # TensorFlow Serving calls the C++ session, whose message lacks this prefix.
            message = error.message.removeprefix("Graph execution error:\n\n")
            raise Problem(grpc.StatusCode.INVALID_ARGUMENT, message) from error
        response = predict_pb2.PredictResponse()
        response.model_spec.name, response.model_spec.version.value = "flowers", 1
        for name, value in outputs.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
        return response


class Service(prediction_service_pb2_grpc.PredictionServiceServicer):
    """The published gRPC service."""

    def __init__(self, respond: Callable[[Any], Any]):
        self._respond = respond

    def Predict(self, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return self._respond(request)
        except Problem as problem:
            return context.abort(problem.code, problem.message)


def request_of(path: str, body: bytes, served: Served) -> predict_pb2.PredictRequest:
    """Parses a REST request strictly by its documentation."""
    name, verb = path.removeprefix("/v1/models/").split(":")
    assert verb == "predict"
    values = json.loads(body)
    assert set(values) == {"signature_name", "instances"}
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = name, values["signature_name"]
    images = []
    for instance in values["instances"]:
        # With another key the object would mean named inputs.
        assert list(instance) == ["b64"]
        images.append(base64.b64decode(instance["b64"], validate=True))
    assert images
    (name,) = served.signature(values["signature_name"]).inputs
    request.inputs[name].CopyFrom(tf.make_tensor_proto(images, tf.string))
    return request


def rows_of(response: predict_pb2.PredictResponse) -> bytes:
    """Returns a REST response: a list with one object of named outputs per instance."""
    outputs = {name: tf.make_ndarray(value) for name, value in response.outputs.items()}
    # Strings are plain text, except in outputs whose name ends in `_bytes`.
    assert not any(name.endswith("_bytes") for name in outputs)
    columns = {
        name: [v.decode() for v in values] if values.dtype == object else values.tolist()
        for name, values in outputs.items()
    }
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return json.dumps({"predictions": rows}).encode()


@contextlib.contextmanager
def rest_server(served: Served, respond: Callable[[Any], Any]) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                status, content = 200, rows_of(respond(request_of(self.path, body, served)))
            except Problem as problem:
                status = 404 if problem.code == grpc.StatusCode.NOT_FOUND else 400
                content = json.dumps({"error": problem.message}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/models/flowers"
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def grpc_server(served: Served, respond: Callable[[Any], Any]) -> Iterator[str]:
    server = grpc.server(futures.ThreadPoolExecutor(1))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Service(respond), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"grpc://127.0.0.1:{port}/flowers"
    finally:
        server.stop(None)


SERVERS = {REST: rest_server, GRPC: grpc_server}


@pytest.fixture(scope="module")
def served(root) -> Served:
    return Served(str(root / "serving" / "1"))


@pytest.fixture(params=[REST, GRPC])
def serve(request, served) -> Iterator[Callable[..., str]]:
    """Returns a function that starts a server of one kind and returns its URL."""
    with contextlib.ExitStack() as servers:

        def start(respond: Callable[[Any], Any] = served.predict) -> str:
            return servers.enter_context(SERVERS[request.param](served, respond))

        yield start


@pytest.fixture(scope="module")
def flowers_url(root) -> Iterator[str]:
    """The URL of the model on a `flowers serve`."""
    with running(root) as server:
        yield f"{server.url}/v1/models/flowers"


@pytest.fixture(params=[REST, GRPC, FLOWERS])
def url(request, served, flowers_url) -> Iterator[str]:
    """The URL of the model on a server of each kind."""
    if request.param == FLOWERS:
        yield flowers_url
        return
    with SERVERS[request.param](served, served.predict) as url:
        yield url


def test_every_server_returns_the_predictions_of_the_local_model(url, root, picture):
    images = [InputImage(f"{i}.png", picture(i % 3, 8 + i, 9)) for i in range(5)]
    local, remote = predict(PushedModel(root), images), predict(connect(url, root), images)
    for expected, received in zip(local, remote, strict=True):
        assert received["label"] == expected["label"]
        assert list(received["probabilities"]) == COLOURS
        assert received["probabilities"] == pytest.approx(expected["probabilities"])


def test_a_bad_image_is_an_error_for_that_image_alone(url, root, picture):
    images = [
        InputImage("0", picture(0)),
        InputImage("1", b"no image"),
        InputImage("2", picture(2)),
    ]
    red, bad, blue = predict(connect(url, root), images)
    assert (red["label"], blue["label"]) == ("red", "blue")
    # The formats that follow depend on the version of TensorFlow.
    unknown = "rejected by the server: Unknown image file format. One of JPEG, "
    assert bad["error"].startswith(unknown)


def test_bytes_arrive_unchanged(serve, served, picture):
    seen = []

    def record(request: Any) -> Any:
        seen.extend(request.inputs["image_bytes"].string_val)
        return served.predict(request)

    images = [picture(1) + b"\0\0", picture(2) + bytes(range(256))]
    assert [p.label for p in connect(serve(record)).classify(images)] == ["green", "blue"]
    assert seen == images


def test_without_a_root_probabilities_are_listed_by_class_id(url, picture):
    (result,) = predict(connect(url), [InputImage("a.png", picture(1))])
    assert result["label"] == "green"
    assert list(result["probabilities"]) == ["0", "1", "2"]


def test_a_root_with_other_classes_is_rejected(url, tmp_path, picture, write_run):
    write_run(tmp_path, ["rust", "mildew", "healthy"])
    model = connect(url, tmp_path)
    with pytest.raises(UsageError, match="class 1 is green; --root has rust, mildew, healthy"):
        list(predict(model, [InputImage("a.png", picture(1))]))


def test_an_unknown_model_is_reported_with_the_message_of_the_server(url, picture):
    url = url.replace("flowers", "tulips")
    with pytest.raises(UsageError, match=r"responded with status .*Latest\(tulips\)") as caught:
        connect(url).classify([picture(0)])
    assert url in str(caught.value)


def test_a_model_with_other_outputs_is_rejected(serve, served, picture):
    def rename(request: Any) -> Any:
        response = served.predict(request)
        response.outputs["scores"].CopyFrom(response.outputs.pop("probabilities"))
        return response

    with pytest.raises(UsageError, match=r"is not a model of this project.*scores"):
        connect(serve(rename)).classify([picture(0)])


def test_a_response_for_another_number_of_images_is_rejected(serve, served, picture):
    response = served.predict(grpc_request("flowers", [picture(0)]))
    with pytest.raises(UsageError, match="1 predictions for 2 images"):
        connect(serve(lambda _: response)).classify([picture(0)] * 2)


def test_a_slow_server_times_out(serve, served, picture):
    end = threading.Event()

    def wait(request: Any) -> Any:
        end.wait(20)
        return served.predict(request)

    try:
        with pytest.raises(UsageError, match=r"did not respond within 0\.3 s"):
            connect(serve(wait), timeout_s=0.3).classify([picture(0)])
    finally:
        end.set()


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}/v1/models/flowers", "grpc://127.0.0.1:{}/f"])
def test_the_url_of_an_unreachable_server_is_reported(url, picture):
    with socket.socket() as taken:
        # A port that is bound but not listening refuses connections.
        taken.bind(("127.0.0.1", 0))
        url = url.format(taken.getsockname()[1])
        with pytest.raises(UsageError, match=f"no TensorFlow Serving at {url}: .*refused"):
            connect(url).classify([picture(0)])


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8501", "http://localhost:8501", "http://localhost:8501/v1/models/flowers:predict",
        "http://localhost/flowers", "grpc://localhost/flowers", "grpc://localhost:8500",
        "grpc://localhost:8500/v1/models/flowers", "ftp://localhost:8500/flowers",
    ],
)  # fmt: skip
def test_an_invalid_url_is_rejected_with_the_allowed_forms(url):
    with pytest.raises(UsageError, match="--url takes http://HOST:8501/v1/models/NAME") as caught:
        connect(url)
    assert str(caught.value).endswith(f"got {url}")


def test_the_class_names_are_those_of_the_serving_version(tmp_path, write_run):
    write_run(tmp_path, COLOURS)
    write_run(tmp_path, ["rust", "mildew"], version=2)
    url = "http://localhost:8501/v1/models/flowers"
    assert connect(url, tmp_path).names == ["rust", "mildew"]
    (tmp_path / "serving" / "2").rename(tmp_path / "withdrawn")
    assert connect(url, tmp_path).names == COLOURS


def test_a_root_without_a_version_or_its_run_has_no_class_names(tmp_path):
    url = "grpc://localhost:8500/flowers"
    with pytest.raises(UsageError, match="has no pushed version to take the class names from"):
        connect(url, tmp_path)
    (tmp_path / "serving" / "3").mkdir(parents=True)
    with pytest.raises(UsageError, match="has no run for version 3 to take the class names from"):
        connect(url, tmp_path)


def test_a_rest_body_names_the_signature_and_wraps_each_image_in_b64():
    assert json.loads(rest_body([b"\xff\x00", b"b"])) == {
        "signature_name": "serving_bytes",
        "instances": [{"b64": "/wA="}, {"b64": "Yg=="}],
    }


def test_the_command_calls_a_rest_server_without_tensorflow(flowers_url, root, picture, tmp_path):
    (tmp_path / "a.png").write_bytes(picture(2))
    (tmp_path / "b.png").write_bytes(b"no image")
    code = "import sys\nfrom pipeline.cli.main import app\ntry:\n    app()\nfinally:\n"
    code += "    print('tensorflow' in sys.modules, file=sys.stderr)"
    command = [sys.executable, "-c", code, "predict", str(tmp_path), "--url", flowers_url]
    command += ["--root", str(root), "--csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == "no prediction for 1 files; see the errors above\nFalse\n"
    header, good, bad = done.stdout.splitlines()
    assert header == "path,label,error,source,red,green,blue"
    assert good.startswith(f"{tmp_path}/a.png,blue,,")
    assert bad == f"{tmp_path}/b.png,,not an image that Pillow can read,,,,"


def test_an_image_that_is_too_large_for_the_server_is_an_error_for_that_image_alone(root, picture):
    images = [InputImage(str(index), picture(1) + bytes(index)) for index in (0, 90_000, 0)]
    with running(root, Limits(body_bytes=100_000)) as server:
        model = connect(f"{server.url}/v1/models/flowers", root)
        green, large, other = predict(model, images)
    assert (green["label"], other["label"]) == ("green", "green")
    assert large["error"].startswith("rejected by the server: the body is larger than 100.0 kB")
