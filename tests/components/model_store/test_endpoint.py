"""Google's own client against a cloud of this machine, which keeps models and traffic."""

import base64
from unittest import mock

import pytest

from components.model_store import endpoint as endpoint_module
from components.model_store.endpoint import (
    SmokeTestFailed,
    baseline_for,
    push_to_endpoint,
    roll_back,
)
from components.model_store.local import ServedVersion, model_digest
from components.pusher.settings import EndpointPlace, EndpointSettings
from components.serving_check.result import SmokeCase
from tests.cloud import LOST

PLACE = EndpointPlace("my-project", "us-central1", "flowers")
SMOKE = [
    SmokeCase(example=base64.b64encode(b"an example").decode(), probabilities=[0.25, 0.75]),
    SmokeCase(example=base64.b64encode(b"another").decode(), probabilities=[0.5, 0.5]),
]


@pytest.fixture
def make_model(tmp_path):
    """Returns a function that makes a SavedModel's folder."""

    def make(name):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "saved_model.pb").write_text(name)
        return folder

    return make


@pytest.fixture
def endpoint(cloud):
    """A cloud whose deployed models answer right."""
    answers = {case["example"]: case["probabilities"] for case in SMOKE}
    cloud.answer = lambda deployed, instance: {
        "probabilities": answers[instance["b64"]], "class_id": 1.0, "label": "roses"
    }  # fmt: skip
    return cloud


def push(model):
    return push_to_endpoint(str(model), PLACE, EndpointSettings(), SMOKE)


def traffic(cloud):
    """Returns the share of each version that is deployed."""
    (endpoint,) = cloud.endpoints.values()
    split = dict(endpoint.traffic_split)
    return {int(d.model_version_id): split.get(d.id, 0) for d in endpoint.deployed_models}


def test_the_first_model_makes_the_endpoint_and_has_all_traffic(endpoint, make_model):
    pushed = push(make_model("a"))
    assert (pushed.version, pushed.new) == (1, True)
    assert pushed.path in endpoint.endpoints
    assert traffic(endpoint) == {1: 100}
    (request,) = endpoint.asked("UploadModel")
    assert request.model.artifact_uri.endswith("/a")
    assert request.model.container_spec.image_uri.startswith("us-docker.pkg.dev/vertex-ai")
    (request,) = endpoint.asked("DeployModel")
    assert request.deployed_model.dedicated_resources.machine_spec.machine_type == "n1-standard-2"


def test_the_next_one_begins_with_a_share_and_the_old_one_is_kept_without(endpoint, make_model):
    push(make_model("a"))
    pushed = push(make_model("b"))
    assert pushed.version == 2
    shares = [sorted(split.values()) for split in endpoint.splits]
    assert shares.index([10, 90]) == len(shares) - 2
    assert traffic(endpoint) == {1: 0, 2: 100}
    push(make_model("c"))
    assert traffic(endpoint) == {2: 0, 3: 100}


def test_the_same_model_is_not_pushed_again(endpoint, make_model):
    model = make_model("a")
    push(model)
    again = push(model)
    assert (again.version, again.new) == (1, False)
    assert len(endpoint.asked("UploadModel")) == 1


def test_a_model_that_answers_otherwise_leaves_the_old_one_with_all_traffic(endpoint, make_model):
    push(make_model("a"))
    right = endpoint.answer
    (first,) = endpoint.splits[0]
    endpoint.answer = lambda deployed, instance: (
        right(deployed, instance) if deployed == first else {"probabilities": [0.9, 0.1]}
    )
    with pytest.raises(SmokeTestFailed, match=r"it answers \[0.9, 0.1\], and the model itself"):
        push(make_model("b"))
    assert traffic(endpoint) == {1: 100}


def test_a_first_model_that_answers_otherwise_is_taken_back(endpoint, make_model):
    endpoint.answer = lambda deployed, instance: {"probabilities": [0.9, 0.1]}
    with pytest.raises(SmokeTestFailed):
        push(make_model("a"))
    assert traffic(endpoint) == {}


def test_going_back_takes_the_traffic_to_the_version_before(endpoint, make_model):
    with pytest.raises(LookupError, match="no earlier version to go back to"):
        roll_back(PLACE)
    a, b = make_model("a"), make_model("b")
    push(a)
    push(b)
    # What was carried out and not answered is repeated by the client itself.
    endpoint.faults["UpdateEndpoint"] = [LOST]
    assert roll_back(PLACE) == (1, 2)
    assert traffic(endpoint) == {1: 100, 2: 0}
    with pytest.raises(LookupError, match="no earlier version to go back to"):
        roll_back(PLACE)
    # It stays withdrawn when it is pushed again, as a new image would have it.
    again = push(b)
    assert (again.version, again.new, again.withdrawn) == (2, False, True)
    assert traffic(endpoint) == {1: 100, 2: 0}
    assert push(make_model("c")).version == 3
    assert traffic(endpoint) == {1: 0, 3: 100}


class Killed(BaseException):
    """As a signal: no `except Exception` sees it."""


@pytest.mark.parametrize("pushed_before", [0, 1])
def test_a_push_that_was_killed_before_its_test_is_tested_and_ended_by_the_next_one(
    endpoint, make_model, pushed_before
):
    if pushed_before:
        push(make_model("a"))
    model = make_model("b")

    def killed(*_):
        raise Killed

    with mock.patch.object(endpoint_module, "_smoke_test", killed), pytest.raises(Killed):
        push(model)
    asked = len(endpoint.asked("Predict"))
    again = push(model)
    assert (again.version, again.new) == (1 + pushed_before, False)
    assert len(endpoint.asked("Predict")) > asked
    assert traffic(endpoint)[1 + pushed_before] == 100
    assert len(endpoint.asked("UploadModel")) == 1 + pushed_before


def test_a_model_is_compared_with_the_one_that_serves_before_its_push_and_after(
    endpoint, make_model
):
    a, b = make_model("a"), make_model("b")
    assert baseline_for(PLACE, model_digest(a)) == ServedVersion()
    push(a)
    assert baseline_for(PLACE, model_digest(a)) == ServedVersion()
    before = baseline_for(PLACE, model_digest(b))
    assert before == ServedVersion(1, str(a), model_digest(a))
    push(b)
    assert baseline_for(PLACE, model_digest(b)) == before
