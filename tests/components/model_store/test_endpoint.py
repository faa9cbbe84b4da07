"""EndpointStore with Google's own client against a local fake of Vertex AI."""

import base64
from unittest import mock

import pytest

from components.model_store.base import ServedVersion, SmokeCase, model_digest
from components.model_store.endpoint import EndpointStore, SmokeTestFailed
from components.model_store.location import EndpointLocation
from components.model_store.settings import EndpointSettings
from tests.cloud import LOST

SMOKE = [
    SmokeCase(example=base64.b64encode(b"an example").decode(), probabilities=[0.25, 0.75]),
    SmokeCase(example=base64.b64encode(b"another").decode(), probabilities=[0.5, 0.5]),
]


def store():
    location = EndpointLocation("my-project", "us-central1", "flowers")
    return EndpointStore(location, EndpointSettings())


@pytest.fixture
def make_model(tmp_path):
    """Returns a function that writes the folder of a SavedModel."""

    def make(name):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "saved_model.pb").write_text(name)
        return folder

    return make


@pytest.fixture
def endpoint(cloud):
    """A cloud whose deployed models give the expected answers."""
    answers = {case["example"]: case["probabilities"] for case in SMOKE}
    cloud.answer = lambda deployed, instance: {
        "probabilities": answers[instance["b64"]], "class_id": 1.0, "label": "roses"
    }  # fmt: skip
    return cloud


def push(model):
    return store().push(str(model), smoke=SMOKE)


def traffic(cloud):
    """Returns the traffic of each deployed version, in percent."""
    (endpoint,) = cloud.endpoints.values()
    split = dict(endpoint.traffic_split)
    return {int(d.model_version_id): split.get(d.id, 0) for d in endpoint.deployed_models}


def test_the_first_model_creates_the_endpoint_and_gets_all_traffic(endpoint, make_model):
    pushed = push(make_model("a"))
    assert (pushed.version, pushed.new) == (1, True)
    assert pushed.path in endpoint.endpoints
    assert traffic(endpoint) == {1: 100}
    (request,) = endpoint.asked("UploadModel")
    assert request.model.artifact_uri.endswith("/a")
    assert request.model.container_spec.image_uri.startswith("us-docker.pkg.dev/vertex-ai")
    (request,) = endpoint.asked("DeployModel")
    assert request.deployed_model.dedicated_resources.machine_spec.machine_type == "n1-standard-2"


def test_the_next_model_starts_with_a_share_and_the_old_one_stays_deployed(endpoint, make_model):
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


def test_a_model_with_wrong_answers_leaves_the_old_one_with_all_traffic(endpoint, make_model):
    push(make_model("a"))
    right = endpoint.answer
    (first,) = endpoint.splits[0]
    endpoint.answer = lambda deployed, instance: (
        right(deployed, instance) if deployed == first else {"probabilities": [0.9, 0.1]}
    )
    with pytest.raises(
        SmokeTestFailed, match=r"the deployed model answers \[0.9, 0.1\], and the evaluated one"
    ):
        push(make_model("b"))
    assert traffic(endpoint) == {1: 100}


def test_a_first_model_with_wrong_answers_is_undeployed(endpoint, make_model):
    endpoint.answer = lambda deployed, instance: {"probabilities": [0.9, 0.1]}
    with pytest.raises(SmokeTestFailed):
        push(make_model("a"))
    assert traffic(endpoint) == {}


def test_a_rollback_moves_the_traffic_to_the_previous_version(endpoint, make_model):
    with pytest.raises(LookupError, match="no earlier version to go back to"):
        store().roll_back()
    a, b = make_model("a"), make_model("b")
    push(a)
    push(b)
    # The call is carried out but its answer is lost; the client repeats it.
    endpoint.faults["UpdateEndpoint"] = [LOST]
    assert store().roll_back() == (1, 2)
    assert traffic(endpoint) == {1: 100, 2: 0}
    with pytest.raises(LookupError, match="no earlier version to go back to"):
        store().roll_back()
    # It stays withdrawn if it is pushed again, as by a run with a new image.
    again = push(b)
    assert (again.version, again.new, again.withdrawn) == (2, False, True)
    assert traffic(endpoint) == {1: 100, 2: 0}
    assert push(make_model("c")).version == 3
    assert traffic(endpoint) == {1: 0, 3: 100}


class Killed(BaseException):
    """Like a signal: `except Exception` does not catch it."""


@pytest.mark.parametrize("pushed_before", [0, 1])
def test_a_push_that_was_killed_before_its_smoke_test_is_completed_by_the_next_one(
    endpoint, make_model, pushed_before
):
    if pushed_before:
        push(make_model("a"))
    model = make_model("b")

    def killed(*_):
        raise Killed

    with mock.patch.object(EndpointStore, "_smoke_test", killed), pytest.raises(Killed):
        push(model)
    asked = len(endpoint.asked("Predict"))
    again = push(model)
    assert (again.version, again.new) == (1 + pushed_before, False)
    assert len(endpoint.asked("Predict")) > asked
    assert traffic(endpoint)[1 + pushed_before] == 100
    assert len(endpoint.asked("UploadModel")) == 1 + pushed_before


def test_the_baseline_of_a_model_is_the_same_before_and_after_its_push(endpoint, make_model):
    a, b = make_model("a"), make_model("b")
    assert store().baseline_for(model_digest(a)) == ServedVersion()
    push(a)
    assert store().baseline_for(model_digest(a)) == ServedVersion()
    before = store().baseline_for(model_digest(b))
    assert before == ServedVersion(1, str(a), model_digest(a))
    push(b)
    assert store().baseline_for(model_digest(b)) == before
