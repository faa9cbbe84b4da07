"""A client for TensorFlow Serving that calls the signature `serving_bytes` by REST or gRPC."""

import base64
import contextlib
import http.client
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from components.model_store.local import LocalStore
from data.common.errors import UsageError
from pipeline.history.runs import History
from pipeline.inference import predict
from pipeline.inference.predict import SIGNATURE, Classifier, ImageRejected, Prediction
from pipeline.lazy_tensorflow import import_tensorflow
from pipeline.registry.versions import run_of
from pipeline.root_files import SERVING_FOLDER

# Time limit for one request.
TIMEOUT_S = 60.0
_REST = re.compile(r"https?://[^/@?#]+/v1/models/[^/:?#]+(/(versions|labels)/[^/:?#]+)?/?")
_GRPC = re.compile(r"grpc://([^/@?#]+:\d+)/([^/:?#]+)/?")
_GRAPH_NODE = re.compile(r"\[\[.*?\]\]")
_ALLOWED = "http://HOST:8501/v1/models/NAME (or https://) or grpc://HOST:8500/NAME"


def connect(url: str, root: Path | None = None, timeout_s: float = TIMEOUT_S) -> Classifier:
    """Returns a client for a model on TensorFlow Serving, without sending a request.

    Args:
      url: `http://HOST:8501/v1/models/NAME`, optionally followed by `/versions/N` or `/labels/L`,
        or `grpc://HOST:8500/NAME`.
      root: The root that the model was pushed under. Its history has the class names, which the
        server does not report. None if the root is not available.
      timeout_s: The time limit for one request, in seconds.

    Raises:
      UsageError: The URL has another form, or the root has no class names.
    """
    names = _class_names(root) if root else None
    if _REST.fullmatch(url):
        return RestModel(url.rstrip("/"), names, timeout_s)
    if match := _GRPC.fullmatch(url):
        return GrpcModel(match[1], match[2], names, timeout_s)
    raise UsageError(f"--url takes {_ALLOWED}; got {url}")


def _class_names(root: Path) -> list[str]:
    """Returns the class names of the serving model from the history, without TensorFlow."""
    serving = LocalStore(root / SERVING_FOLDER).current_version()
    version, run = serving.version, run_of(History(root).runs(), serving.version, serving.digest)
    if run is None:
        missing = f"no run for version {version}" if version else "no pushed version"
        raise UsageError(
            f"--root: {root} has {missing} to take the class names from; without --root the "
            "probabilities are listed by class id"
        )
    return run.class_names


class RestModel:
    """A model behind the REST API of TensorFlow Serving.

    Reference: https://www.tensorflow.org/tfx/serving/api_rest.
    """

    def __init__(self, url: str, names: Sequence[str] | None, timeout_s: float):
        """Parses the URL of the model; for the arguments see `connect`."""
        self.names = names
        self._url, self._timeout_s = url, timeout_s
        self._scheme, _, rest = url.partition("://")
        self._host, _, self._path = rest.partition("/")

    def classify(self, images: Sequence[bytes]) -> list[Prediction]:
        status, content = self._post(rest_body(images))
        if status == http.HTTPStatus.OK:
            return self._parse(content, len(images))
        problem = _rest_error(content)
        if status in (http.HTTPStatus.BAD_REQUEST, http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE):
            raise ImageRejected(_rejection(problem))
        raise UsageError(f"--url: {self._url} responded with status {status}: {problem}")

    def _post(self, body: bytes) -> tuple[int, bytes]:
        secure = self._scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        headers = {"Content-Type": "application/json"}
        try:
            with contextlib.closing(kind(self._host, timeout=self._timeout_s)) as connection:
                connection.request("POST", f"/{self._path}:predict", body, headers)
                response = connection.getresponse()
                return response.status, response.read()
        except TimeoutError as error:
            raise UsageError(_timed_out(self._url, self._timeout_s)) from error
        except (OSError, http.client.HTTPException) as error:
            raise UsageError(_unreachable(self._url, error)) from error

    def _parse(self, content: bytes, count: int) -> list[Prediction]:
        try:
            predictions = _RestResponse.model_validate_json(content).predictions
        except ValidationError as error:
            text = content[:200].decode(errors="replace")
            raise UsageError(_wrong_outputs(self._url, text)) from error
        return _check_count(predictions, count, self._url)


def rest_body(images: Sequence[bytes]) -> bytes:
    """Returns the body of a REST request: one instance per image, as an object with the key `b64`.

    With a single input, an instance is the value of that input.
    """
    instances = [{"b64": base64.b64encode(image).decode()} for image in images]
    return json.dumps({"signature_name": SIGNATURE, "instances": instances}).encode()


class _RestResponse(BaseModel):
    predictions: list[Prediction]


def _rest_error(content: bytes) -> str:
    """Returns the error message, which TensorFlow Serving sends as `{"error": "..."}`."""
    try:
        return str(json.loads(content)["error"])
    except (ValueError, TypeError, KeyError):
        return content[:200].decode(errors="replace")


class GrpcModel:
    """A model behind the gRPC PredictionService of TensorFlow Serving."""

    def __init__(self, address: str, name: str, names: Sequence[str] | None, timeout_s: float):
        """Opens a channel to `HOST:PORT`, without TLS; for the other arguments see `connect`."""
        import_tensorflow()
        import grpc
        from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

        self.names = names
        self._url, self._name, self._timeout_s = f"grpc://{address}/{name}", name, timeout_s
        self._service = PredictionServiceStub(grpc.insecure_channel(address))

    def classify(self, images: Sequence[bytes]) -> list[Prediction]:
        import grpc

        try:
            response = self._service.Predict(grpc_request(self._name, images), self._timeout_s)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.INVALID_ARGUMENT:
                raise ImageRejected(_rejection(error.details())) from error
            raise UsageError(self._describe(error)) from error
        tf = import_tensorflow()
        outputs = {name: tf.make_ndarray(value) for name, value in response.outputs.items()}
        try:
            return _check_count(predict.parse_outputs(outputs), len(images), self._url)
        except (KeyError, ValueError) as error:
            shapes = [f"{name} {value.shape}" for name, value in sorted(outputs.items())]
            raise UsageError(_wrong_outputs(self._url, ", ".join(shapes) or "nothing")) from error

    def _describe(self, error: Any) -> str:
        code = error.code().name
        if code == "DEADLINE_EXCEEDED":
            return _timed_out(self._url, self._timeout_s)
        if code == "UNAVAILABLE":
            return _unreachable(self._url, error.details())
        return f"--url: {self._url} responded with status {code}: {error.details()}"


def grpc_request(name: str, images: Sequence[bytes]) -> Any:
    """Returns the PredictRequest for encoded images, sent as a string tensor of shape [images]."""
    tf = import_tensorflow()
    from tensorflow_serving.apis.predict_pb2 import PredictRequest

    request = PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = SIGNATURE
    request.inputs[predict.INPUT].CopyFrom(tf.make_tensor_proto(list(images), tf.string))
    return request


def _check_count(predictions: list[Prediction], count: int, url: str) -> list[Prediction]:
    if len(predictions) != count:
        raise UsageError(_wrong_outputs(url, f"{len(predictions)} predictions for {count} images"))
    return predictions


def _rejection(problem: str) -> str:
    """Returns the error of TensorFlow in one line, without the name of the graph node."""
    return f"rejected by the server: {' '.join(_GRAPH_NODE.sub('', problem).split())}"


def _unreachable(url: str, problem: object) -> str:
    return f"--url: no TensorFlow Serving at {url}: {problem}"


def _timed_out(url: str, seconds: float) -> str:
    return f"--url: {url} did not respond within {seconds:g} s"


def _wrong_outputs(url: str, outputs: str) -> str:
    return (
        f"--url: {url} is not a model of this project, whose {SIGNATURE} returns label, class_id "
        f"and probabilities; it returned {outputs}"
    )
