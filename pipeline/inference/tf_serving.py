"""A client of TensorFlow Serving: the signature `serving_bytes` by REST or gRPC."""

import base64
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
from pipeline.inference.predict import (
    INPUT,
    SIGNATURE,
    Classifier,
    ImageRejected,
    Prediction,
    predictions,
)
from pipeline.lazy_tensorflow import import_tensorflow
from pipeline.registry.versions import run_of

# How long the server may take for a batch.
TIMEOUT_S = 60.0
_REST = re.compile(r"https?://[^/@?#]+/v1/models/[^/:?#]+(/(versions|labels)/[^/:?#]+)?/?")
_GRPC = re.compile(r"grpc://([^/@?#]+:\d+)/([^/:?#]+)/?")
_PLACE = re.compile(r"\[\[.*?\]\]")
_ALLOWED = "http://HOST:8501/v1/models/NAME (or https://) or grpc://HOST:8500/NAME"


def connect(url: str, root: Path | None = None, timeout_s: float = TIMEOUT_S) -> Classifier:
    """Returns the model that TensorFlow Serving serves at a URL; nothing is sent yet.

    Args:
      url: `http://HOST:8501/v1/models/NAME`, with `/versions/N` or `/labels/L` behind it if one
        wishes, or `grpc://HOST:8500/NAME`.
      root: where the model was pushed: the history has the names of its classes, which the server
        does not tell. None if it is not at hand.
      timeout_s: how long the server may take for a batch, in seconds.

    Raises:
      UsageError: the URL is another one, or the root names no classes.
    """
    names = _class_names(root) if root else None
    if _REST.fullmatch(url):
        return RestModel(url.rstrip("/"), names, timeout_s)
    if match := _GRPC.fullmatch(url):
        return GrpcModel(match[1], match[2], names, timeout_s)
    raise UsageError(f"--url takes {_ALLOWED}; got {url}")


def _class_names(root: Path) -> list[str]:
    """Returns those of the model that serves under a root, by its history: no TensorFlow needed."""
    serving = LocalStore(root / "serving").current_version()
    version, run = serving.version, run_of(History(root).runs(), serving.version, serving.digest)
    if run is None:
        raise UsageError(
            f"--root: {root} has {f'version {version} and no run' if version else 'no version'} "
            "that would name the classes; without --root the probabilities come by class id"
        )
    return run.class_names


class RestModel:
    """A model behind TensorFlow Serving's REST API.

    Its rules: https://www.tensorflow.org/tfx/serving/api_rest.
    """

    def __init__(self, url: str, names: Sequence[str] | None, timeout_s: float):
        """See `connect`; the URL is that of the model."""
        self.names = names
        self._url, self._timeout_s = url, timeout_s
        self._scheme, _, rest = url.partition("://")
        self._host, _, self._path = rest.partition("/")

    def classify(self, images: Sequence[bytes]) -> list[Prediction]:
        """See `Classifier`.

        Raises:
          UsageError: the server is not there, has no such model, or failed.
        """
        status, content = self._post(rest_body(images))
        if status == http.HTTPStatus.OK:
            return self._parsed(content, len(images))
        problem = _rest_error(content)
        if status == http.HTTPStatus.BAD_REQUEST:
            raise ImageRejected(_refusal(problem))
        raise UsageError(f"--url: {self._url} answered with status {status}: {problem}")

    def _post(self, body: bytes) -> tuple[int, bytes]:
        secure = self._scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        headers = {"Content-Type": "application/json"}
        try:
            connection = kind(self._host, timeout=self._timeout_s)
            try:
                connection.request("POST", f"/{self._path}:predict", body, headers)
                response = connection.getresponse()
                return response.status, response.read()
            finally:
                connection.close()
        except TimeoutError as error:
            raise UsageError(_too_slow(self._url, self._timeout_s)) from error
        except (OSError, http.client.HTTPException) as error:
            raise UsageError(_not_there(self._url, error)) from error

    def _parsed(self, content: bytes, count: int) -> list[Prediction]:
        try:
            found = _RestAnswer.model_validate_json(content).predictions
        except ValidationError as error:
            raise UsageError(
                _not_ours(self._url, content[:200].decode(errors="replace"))
            ) from error
        return _one_each(found, count, self._url)


def rest_body(images: Sequence[bytes]) -> bytes:
    """Returns the body of a REST request: each instance is the value of the only input.

    Bytes go as an object with the key `b64`.
    """
    instances = [{"b64": base64.b64encode(image).decode()} for image in images]
    return json.dumps({"signature_name": SIGNATURE, "instances": instances}).encode()


class _RestAnswer(BaseModel):
    predictions: list[Prediction]


def _rest_error(content: bytes) -> str:
    """Returns the error of an answer, which TensorFlow Serving sends as `{"error": "..."}`."""
    try:
        return str(json.loads(content)["error"])
    except (ValueError, TypeError, KeyError):
        return content[:200].decode(errors="replace")


class GrpcModel:
    """A model behind TensorFlow Serving's PredictionService."""

    def __init__(self, address: str, name: str, names: Sequence[str] | None, timeout_s: float):
        """Opens a channel, without TLS.

        Args:
          address: host and port.
          name: of the model.
          names: see `Classifier`.
          timeout_s: see `connect`.
        """
        import_tensorflow()
        import grpc
        from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

        self.names = names
        self._url, self._name, self._timeout_s = f"grpc://{address}/{name}", name, timeout_s
        self._service = PredictionServiceStub(grpc.insecure_channel(address))

    def classify(self, images: Sequence[bytes]) -> list[Prediction]:
        """See `Classifier`.

        Raises:
          UsageError: the server is not there, has no such model, or failed.
        """
        import grpc

        try:
            answer = self._service.Predict(grpc_request(self._name, images), self._timeout_s)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.INVALID_ARGUMENT:
                raise ImageRejected(_refusal(error.details())) from error
            raise UsageError(self._in_words(error)) from error
        tf = import_tensorflow()
        outputs = {name: tf.make_ndarray(value) for name, value in answer.outputs.items()}
        try:
            return _one_each(predictions(outputs), len(images), self._url)
        except (KeyError, ValueError) as error:
            shapes = [f"{name} {value.shape}" for name, value in sorted(outputs.items())]
            raise UsageError(_not_ours(self._url, ", ".join(shapes) or "nothing")) from error

    def _in_words(self, error: Any) -> str:
        code = error.code().name
        if code == "DEADLINE_EXCEEDED":
            return _too_slow(self._url, self._timeout_s)
        if code == "UNAVAILABLE":
            return _not_there(self._url, error.details())
        return f"--url: {self._url} answered with status {code}: {error.details()}"


def grpc_request(name: str, images: Sequence[bytes]) -> Any:
    """Returns the PredictRequest for some images: one string tensor [images].

    Args:
      name: of the model.
      images: their encoded bytes.
    """
    tf = import_tensorflow()
    from tensorflow_serving.apis.predict_pb2 import PredictRequest

    request = PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = SIGNATURE
    request.inputs[INPUT].CopyFrom(tf.make_tensor_proto(list(images), tf.string))
    return request


def _one_each(found: list[Prediction], count: int, url: str) -> list[Prediction]:
    if len(found) != count:
        raise UsageError(_not_ours(url, f"{len(found)} predictions for {count} images"))
    return found


def _refusal(problem: str) -> str:
    """Returns TensorFlow's words in one line, without the place in the graph."""
    return f"the server refused it: {' '.join(_PLACE.sub('', problem).split())}"


def _not_there(url: str, problem: object) -> str:
    return f"--url: no TensorFlow Serving at {url}: {problem}"


def _too_slow(url: str, seconds: float) -> str:
    return f"--url: {url} gave no answer within {seconds:g} s"


def _not_ours(url: str, answer: str) -> str:
    return (
        f"--url: {url} is no model of this project, whose {SIGNATURE} returns label, class_id and "
        f"probabilities; it answered with {answer}"
    )
