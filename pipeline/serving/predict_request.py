"""The body of a predict request of TensorFlow Serving's REST API.

Reference: https://www.tensorflow.org/tfx/serving/api_rest#predict_api.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from pipeline.serving.errors import RequestError
from pipeline.serving.signature import SERVING_DEFAULT, Signature

# Brackets, braces and commas per image that a request needs, rounded up.
_MARKS_PER_IMAGE, _OTHER_MARKS = 8, 64
_INSTANCES, _INPUTS = "instances", "inputs"


@dataclass(frozen=True)
class PredictRequest:
    """A request: the signature, one value for each image, and the form of the answer."""

    signature: Signature
    values: list[bytes]
    columnar: bool


def parse_predict_request(
    body: bytes, signatures: Mapping[str, Signature], max_images: int
) -> PredictRequest:
    """Parses a predict request, in row format (`instances`) or columnar format (`inputs`).

    Args:
      body: The body, JSON in UTF-8.
      signatures: The signatures of the model, by name.
      max_images: The most images that a request may have.

    Raises:
      RequestError: The body is not valid.
    """
    _check_size(body, max_images)
    request = _parse_json(body)
    if not isinstance(request, dict):
        _refuse(f"the request must be a JSON object, not {_kind(request)}")
    signature = _find_signature(request.get("signature_name"), signatures)
    keys = [key for key in (_INSTANCES, _INPUTS) if key in request]
    if len(keys) != 1:
        _refuse(f"the request must have one of the keys 'instances' and 'inputs', got {keys}")
    columnar = keys == [_INPUTS]
    values = request[keys[0]]
    if columnar and isinstance(values, dict):
        values = _named_input(values, signature, "'inputs'")
    if not isinstance(values, list) or not values:
        _refuse(f"'{keys[0]}' must be a list of at least one value, got {_kind(values)}")
    if len(values) > max_images:
        raise RequestError(413, f"{len(values)} images, and a request may have {max_images}")
    parsed = [
        _parse_value(value, signature, f"{keys[0]}[{index}]", named=not columnar)
        for index, value in enumerate(values)
    ]
    return PredictRequest(signature, parsed, columnar)


def _check_size(body: bytes, max_images: int) -> None:
    """Refuses JSON of so many values that parsing it would take long; Base64 has no such marks."""
    marks = sum(body.count(mark) for mark in (b"{", b"[", b","))
    if marks > _MARKS_PER_IMAGE * max_images + _OTHER_MARKS:
        raise RequestError(413, f"too many values: a request may have {max_images} images")


def _parse_json(body: bytes) -> Any:
    try:
        return json.loads(body.decode())
    except UnicodeDecodeError as error:
        raise RequestError(400, "the body is not UTF-8") from error
    # Python's limits for the length of a number and for nested lists have errors of their own.
    except (ValueError, RecursionError) as error:
        raise RequestError(400, f"the body is not valid JSON: {error}") from error


def _find_signature(name: Any, signatures: Mapping[str, Signature]) -> Signature:
    name = SERVING_DEFAULT if name in (None, "") else name
    if not isinstance(name, str) or name not in signatures:
        known = ", ".join(sorted(signatures))
        _refuse(f'Serving signature key "{_shorten(name)}" not found; there is: {known}')
    return signatures[name]


def _named_input(values: dict[str, Any], signature: Signature, where: str) -> Any:
    if set(values) != {signature.input}:
        names = [_shorten(name) for name in values]
        _refuse(
            f"{where} must have the input '{signature.input}' of {signature.name} as its only key, "
            f"got {names}"
        )
    return values[signature.input]


def _parse_value(value: Any, signature: Signature, where: str, named: bool) -> bytes:
    if named and isinstance(value, dict) and set(value) != {"b64"}:
        value = _named_input(value, signature, where)
    if isinstance(value, str):
        return value.encode(errors="surrogatepass")
    if not isinstance(value, dict) or set(value) != {"b64"} or not isinstance(value["b64"], str):
        _refuse(f'{where} must be {{"b64": "..."}} or a string, got {_kind(value)}')
    try:
        return base64.b64decode(value["b64"], validate=True)
    except ValueError as error:
        raise RequestError(400, f"{where} is not valid Base64: {error}") from error


def _kind(value: Any) -> str:
    """Returns what a JSON value is, without its content."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    if value == [] or value == {}:
        return f"an empty {'list' if isinstance(value, list) else 'object'}"
    return "null" if value is None else names.get(type(value), "a number")


def _shorten(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def _refuse(message: str) -> NoReturn:
    raise RequestError(400, message)
