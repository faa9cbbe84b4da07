"""Pushing to an endpoint of Vertex AI: a share of the traffic first, then the smoke test, then all.

A model of Vertex's registry holds every version that was pushed; the endpoint has the newest one,
and the one before it, without traffic, so that going back takes seconds.
"""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from google.api_core.exceptions import NotFound
from google.cloud import aiplatform_v1 as v1
from google.protobuf import field_mask_pb2, struct_pb2

from components.google_api import RetryPolicy
from components.model_store.bucket import model_digest
from components.model_store.local import Pushed, ServedVersion
from components.pusher.settings import EndpointPlace, EndpointSettings
from components.serving_check.result import SmokeCase

_DIGEST, _WITHDRAWN = "digest", "withdrawn"
# For calls that bear repeating.
_PATIENCE = RetryPolicy()
# Of a label's value Vertex takes 63 characters; the first 40 of a SHA-256 are enough.
_DIGEST_DIGITS = 40
# The smoke test may not meet the new model at the first try: it has a share of the traffic.
_TRIES_AN_IMAGE = 100
# A served probability may differ by so much: other batches, another build of TensorFlow.
_TOLERANCE = 1e-3
_MINUTES = 60 * 60.0

log = logging.getLogger(__name__)


class SmokeTestFailed(Exception):
    """The deployed model does not answer as the model itself; the old one has all traffic again."""


def push_to_endpoint(
    model: str,
    place: EndpointPlace,
    settings: EndpointSettings,
    smoke: Sequence[SmokeCase],
) -> Pushed:
    """Has a SavedModel serve: uploaded and deployed unless it is, tested, then given the traffic.

    Each part is done only where it is not yet, so that a push that was cut off goes on: what was
    deployed and never tested is tested now. A version that a person went back from stays without
    traffic.

    Args:
      model: gs:// folder of the SavedModel.
      place: of the endpoint, which is made where there is none.
      settings: see EndpointSettings.
      smoke: what it must answer before it has all traffic.

    Raises:
      SmokeTestFailed: it answers otherwise; what served before serves again.
    """
    digest = model_digest(model)
    endpoint = _endpoint(place) or _create(place)
    versions = _versions(place)
    version = _newest_with(versions, digest)
    if version and version.labels.get(_WITHDRAWN):
        number = int(version.version_id)
        return Pushed(number, endpoint.name, digest, new=False, withdrawn=True)
    new = version is None
    version = version or _upload(model, place, settings, digest, first=not versions)
    number = version.version_id
    before = _newest([d for d in _deployed(endpoint) if d.model_version_id != number], endpoint)
    there = [d for d in _deployed(endpoint) if d.model_version_id == number]
    deployed = there[0] if there else _deploy(endpoint, version, before, place, settings)
    if there and before and not dict(endpoint.traffic_split).get(deployed.id):
        share = settings.first_share
        _set_traffic(endpoint.name, {deployed.id: share, before.id: 100 - share}, place)
    try:
        _smoke_test(endpoint.name, deployed.id, place, smoke)
    except Exception:
        left = {before.id: 100} if before else {}
        _undeploy(endpoint.name, deployed.id, left, place)
        raise
    _set_traffic(endpoint.name, {deployed.id: 100}, place)
    for old in _deployed(endpoint):
        if old.id not in (deployed.id, before.id if before else ""):
            _undeploy(endpoint.name, old.id, {deployed.id: 100}, place)
    return Pushed(int(number), endpoint.name, digest, new=new)


def roll_back(place: EndpointPlace) -> tuple[int, int]:
    """Gives all traffic to the version before, and notes that the newer one was withdrawn.

    Returns:
      The number of the version that serves now, and that of the one that did.

    Raises:
      LookupError: there is no endpoint, or no earlier version on it.
    """
    endpoint = _endpoint(place) or v1.Endpoint()
    now = _newest(_deployed(endpoint), endpoint)
    number = int(now.model_version_id) if now else 0
    earlier = [d for d in _deployed(endpoint) if int(d.model_version_id) < number]
    if not now or not earlier:
        raise LookupError(f"{place.url} has no earlier version to go back to")
    _withdraw(_model(place, now), place)
    _set_traffic(endpoint.name, {earlier[-1].id: 100}, place)
    return int(earlier[-1].model_version_id), int(now.model_version_id)


def baseline_for(place: EndpointPlace, digest: str) -> ServedVersion:
    """Returns the model with the traffic; where that has this digest, the version before it."""
    endpoint = _endpoint(place) or v1.Endpoint()
    now = _newest(_deployed(endpoint), endpoint)
    if not now:
        return ServedVersion()
    others = [d for d in reversed(_deployed(endpoint)) if d.id != now.id]
    for deployed in [now, *others]:
        model = _model(place, deployed)
        if _digest(model) != digest[:_DIGEST_DIGITS]:
            uri = model.artifact_uri
            return ServedVersion(int(deployed.model_version_id), uri, model_digest(uri))
    return ServedVersion()


def _endpoint(place: EndpointPlace) -> v1.Endpoint | None:
    client = v1.EndpointServiceClient(client_options=place.options)
    request = v1.ListEndpointsRequest(
        parent=place.parent, filter=f'display_name="{place.name}"', order_by="create_time"
    )
    return next(iter(client.list_endpoints(request, **_PATIENCE.options())), None)


def _create(place: EndpointPlace) -> v1.Endpoint:
    client = v1.EndpointServiceClient(client_options=place.options)
    wanted = v1.Endpoint(display_name=place.name)
    made = client.create_endpoint(parent=place.parent, endpoint=wanted).result(timeout=_MINUTES)
    return v1.Endpoint(made)


def _deployed(endpoint: v1.Endpoint) -> list[v1.DeployedModel]:
    """Returns what is deployed, the oldest version first."""
    return sorted(endpoint.deployed_models, key=lambda d: int(d.model_version_id))


def _newest(deployed: Sequence[v1.DeployedModel], endpoint: v1.Endpoint) -> v1.DeployedModel | None:
    """Returns the deployed model with most of the traffic; None where none has any."""
    share = dict(endpoint.traffic_split)
    found = [d for d in deployed if share.get(d.id)]
    return max(found, key=lambda d: share[d.id], default=None)


def _model(place: EndpointPlace, deployed: v1.DeployedModel) -> v1.Model:
    client = v1.ModelServiceClient(client_options=place.options)
    name = f"{deployed.model}@{deployed.model_version_id}"
    return client.get_model(name=name, **_PATIENCE.options())


def _digest(model: v1.Model) -> str:
    return str(model.labels.get(_DIGEST, ""))


def _model_name(place: EndpointPlace) -> str:
    return f"{place.parent}/models/{place.name}"


def _versions(place: EndpointPlace) -> list[v1.Model]:
    """Returns all versions of the pipeline's model that were ever registered."""
    client = v1.ModelServiceClient(client_options=place.options)
    try:
        return list(client.list_model_versions(name=_model_name(place), **_PATIENCE.options()))
    except NotFound:
        return []


def _newest_with(versions: Sequence[v1.Model], digest: str) -> v1.Model | None:
    """Returns the newest version that has a digest, if there is one."""
    same = [version for version in versions if _digest(version) == digest[:_DIGEST_DIGITS]]
    return max(same, key=lambda version: int(version.version_id), default=None)


def _withdraw(model: v1.Model, place: EndpointPlace) -> None:
    client = v1.ModelServiceClient(client_options=place.options)
    name = f"{model.name.partition('@')[0]}@{model.version_id}"
    labelled = v1.Model(name=name, labels={**model.labels, _WITHDRAWN: "true"})
    mask = field_mask_pb2.FieldMask(paths=["labels"])
    client.update_model(model=labelled, update_mask=mask, **_PATIENCE.options())


def _upload(
    model: str, place: EndpointPlace, settings: EndpointSettings, digest: str, *, first: bool
) -> v1.Model:
    """Registers the model as the next version of the pipeline's model."""
    client = v1.ModelServiceClient(client_options=place.options)
    which = {"model_id": place.name} if first else {"parent_model": _model_name(place)}
    wanted = v1.Model(
        display_name=place.name,
        artifact_uri=model,
        container_spec=v1.ModelContainerSpec(image_uri=settings.image),
        labels={_DIGEST: digest[:_DIGEST_DIGITS]},
    )
    request = v1.UploadModelRequest(parent=place.parent, model=wanted, **which)
    answer = client.upload_model(request).result(timeout=_MINUTES)
    log.info("uploaded %s, version %s", answer.model, answer.model_version_id)
    return client.get_model(name=f"{answer.model}@{answer.model_version_id}")


def _deploy(
    endpoint: v1.Endpoint,
    model: v1.Model,
    before: v1.DeployedModel | None,
    place: EndpointPlace,
    settings: EndpointSettings,
) -> v1.DeployedModel:
    """Deploys a version beside what serves; without that it has all the traffic."""
    client = v1.EndpointServiceClient(client_options=place.options)
    machine = v1.MachineSpec(machine_type=settings.machine_type)
    wanted = v1.DeployedModel(
        model=f"{model.name.partition('@')[0]}@{model.version_id}",
        display_name=f"{place.name}-{model.version_id}",
        dedicated_resources=v1.DedicatedResources(
            machine_spec=machine,
            min_replica_count=settings.min_replicas,
            max_replica_count=settings.max_replicas,
        ),
    )
    share = settings.first_share
    # "0" is the one that is being deployed.
    split = {"0": share, before.id: 100 - share} if before else {"0": 100}
    operation = client.deploy_model(
        endpoint=endpoint.name, deployed_model=wanted, traffic_split=split
    )
    return v1.DeployedModel(operation.result(timeout=_MINUTES).deployed_model)


def _smoke_test(
    endpoint: str, deployed: str, place: EndpointPlace, smoke: Sequence[SmokeCase]
) -> None:
    """Asks until the new model has answered each example, and compares."""
    client = v1.PredictionServiceClient(client_options=place.options)
    for number, case in enumerate(smoke, start=1):
        instance = struct_pb2.Value()
        instance.struct_value.update({"b64": case["example"]})
        for _ in range(_TRIES_AN_IMAGE):
            answer = client.predict(endpoint=endpoint, instances=[instance], **_PATIENCE.options())
            if answer.deployed_model_id == deployed:
                break
        else:
            raise SmokeTestFailed(f"of {_TRIES_AN_IMAGE} requests none reached the new model")
        found, wanted = _probabilities(answer.predictions[0]), np.array(case["probabilities"])
        if found.shape != wanted.shape or not np.allclose(found, wanted, atol=_TOLERANCE):
            raise SmokeTestFailed(
                f"test image {number}: it answers {found.round(3).tolist()}, and the model itself "
                f"{wanted.round(3).tolist()}"
            )
    log.info("the smoke test passed: %d images", len(smoke))


def _probabilities(prediction: Any) -> np.ndarray:
    """Returns the probabilities in TensorFlow Serving's row of several outputs."""
    return np.array([float(value) for value in dict(prediction)["probabilities"]])


def _set_traffic(endpoint: str, split: dict[str, int], place: EndpointPlace) -> None:
    client = v1.EndpointServiceClient(client_options=place.options)
    client.update_endpoint(
        endpoint=v1.Endpoint(name=endpoint, traffic_split=split),
        update_mask=field_mask_pb2.FieldMask(paths=["traffic_split"]),
        **_PATIENCE.options(),
    )


def _undeploy(endpoint: str, deployed: str, split: dict[str, int], place: EndpointPlace) -> None:
    client = v1.EndpointServiceClient(client_options=place.options)
    client.undeploy_model(
        endpoint=endpoint, deployed_model_id=deployed, traffic_split=split
    ).result(timeout=_MINUTES)
