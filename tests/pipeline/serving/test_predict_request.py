"""Bodies of predict requests that are not as they should be."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.serving.errors import RequestError
from pipeline.serving.predict_request import parse_predict_request
from pipeline.serving.signature import Signature

SIGNATURES = {
    "serving_bytes": Signature("serving_bytes", "image_bytes", bytes, dict),
    "serving_default": Signature("serving_default", "examples", bytes, dict),
}
VALUE = {"b64": "AAE="}


def parse(body: object, images: int = 4):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse_predict_request(content, SIGNATURES, images)


def refusal(body: object, status: int = 400) -> str:
    with pytest.raises(RequestError) as caught:
        parse(body)
    assert caught.value.status == status
    return caught.value.message


def test_values_are_bytes_in_base64_or_text():
    request = parse({"instances": [VALUE, "é", {"examples": VALUE}, {"examples": "a"}]})
    assert request.values == [b"\0\1", "é".encode(), b"\0\1", b"a"]
    assert request.signature.name == "serving_default"
    assert not request.columnar


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is not valid JSON"),
        (b"\xff\xfe{\0}\0", "the body is not UTF-8"),
        (b"[" * 90, "the body is not valid JSON"),
        (b'{"instances": [' + b"1" * 5000 + b"]}", "the body is not valid JSON"),
        ([], "the request must be a JSON object, not an empty list"),
        ({}, "one of the keys 'instances' and 'inputs', got []"),
        ({"instances": [VALUE], "inputs": [VALUE]}, "got ['instances', 'inputs']"),
        ({"instances": []}, "'instances' must be a list of at least one value, got an empty list"),
        ({"instances": VALUE}, "'instances' must be a list of at least one value, got an object"),
        ({"inputs": VALUE}, "'inputs' must have the input 'examples' of serving_default as its"),
        ({"inputs": {"examples": VALUE}}, "'inputs' must be a list of at least one value, got an"),
        ({"inputs": "AAE="}, "'inputs' must be a list of at least one value, got a string"),
        ({"instances": [VALUE, None]}, 'instances[1] must be {"b64": "..."} or a string, got null'),
        ({"instances": [True]}, "or a string, got a boolean"),
        ({"instances": [0.5]}, "or a string, got a number"),
        ({"instances": [[VALUE]]}, "or a string, got a list"),
        ({"instances": [{"b64": 1}]}, "or a string, got an object"),
        ({"instances": [{"image": VALUE}]}, "as its only key, got ['image']"),
        ({"instances": [{"examples": VALUE, "b64": "AA=="}]}, "got ['examples', 'b64']"),
        ({"inputs": [{"examples": VALUE}]}, 'inputs[0] must be {"b64": "..."} or a string'),
        ({"instances": [{"b64": "AAE"}]}, "instances[0] is not valid Base64"),
        ({"instances": [{"b64": "A\n"}]}, "instances[0] is not valid Base64"),
        ({"instances": [{"b64": "é"}]}, "instances[0] is not valid Base64"),
        ({"signature_name": "x", "instances": [VALUE]}, 'Serving signature key "x" not found'),
        ({"signature_name": 5, "instances": [VALUE]}, 'Serving signature key "5" not found'),
    ],
)  # fmt: skip
def test_a_refusal_says_what_is_wrong(body, message):
    assert message in refusal(body)


def test_a_message_does_not_repeat_a_long_request():
    assert len(refusal({"signature_name": "x" * 9999, "instances": [VALUE]})) < 200


def test_more_images_than_allowed_are_refused():
    assert refusal({"instances": [VALUE] * 5}, 413) == "5 images, and a request may have 4"


@pytest.mark.parametrize("part", ["{}", "[]", "0"])
def test_many_small_values_are_refused_before_they_are_parsed(part):
    body = ('{"instances": [' + ",".join([part] * 100_000) + "}").encode()
    # It is not valid JSON, which a parser would only find at its end.
    assert refusal(body, 413) == "too many values: a request may have 4 images"


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["b64", "examples", "x"]), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["instances", "inputs", "signature_name"]), JSON) | JSON)
def test_any_json_is_parsed_or_refused(body):
    with contextlib.suppress(RequestError):
        assert all(isinstance(value, bytes) for value in parse(body).values)


@given(st.binary(max_size=60))
def test_any_bytes_are_parsed_or_refused(body):
    with pytest.raises(RequestError):
        parse(body)
