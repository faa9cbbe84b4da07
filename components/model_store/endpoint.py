"""An endpoint of Vertex AI: a new version gets a share of the traffic, is tested, then gets all.

A model in Vertex AI's registry holds every pushed version. The newest one is deployed to the
endpoint, and so is its predecessor, without traffic, so that a rollback takes seconds.
"""

import logging
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from google.cloud import aiplatform_v1 as v1
from google.protobuf import field_mask_pb2, struct_pb2

from components.model_store.base import Pushed, ServedVersion, SmokeCase, model_digest
from components.model_store.location import EndpointLocation
from components.model_store.model_registry import (
    OPERATION_SECONDS,
    RETRY,
    ModelRegistry,
    has_digest,
    is_withdrawn,
    versioned_name,
)
from components.model_store.settings import EndpointSettings

# Only a share of the requests reaches a new model.
_ATTEMPTS_PER_IMAGE = 100
# Probabilities depend a little on batch size and TensorFlow build.
_TOLERANCE = 1e-3

log = logging.getLogger(__name__)


class SmokeTestFailed(Exception):
    """The deployed model gives wrong answers; its predecessor has all traffic again."""


class EndpointStore:
    """The endpoint at a location, and the model of the same name in the registry."""

    def __init__(self, location: EndpointLocation, settings: EndpointSettings):
        """Takes the location and the settings for a push; nothing is called yet."""
        self._location, self._settings = location, settings
        self._registry = ModelRegistry(location)

    def push(
        self,
        model: str,
        *,
        card: str = "",
        keep: int | None = None,
        smoke: Sequence[SmokeCase] = (),
        lite: str = "",
    ) -> Pushed:
        """See `ModelStore.push`; creates the endpoint if it does not exist.

        Every part is done only if it has not been done yet, so a push that was interrupted can be
        repeated: a version that was deployed but not tested is tested now.

        Raises:
          SmokeTestFailed: The deployed model gives wrong answers.
          ValueError: There is a TensorFlow Lite file, which `PushSettings` does not allow here.
        """
        if lite:
            raise ValueError("an endpoint has no place for a TensorFlow Lite file")
        digest = model_digest(model)
        endpoint = self._find_endpoint() or self._create_endpoint()
        version = self._registry.find(digest)
        if version and is_withdrawn(version):
            number = int(version.version_id)
            return Pushed(number, endpoint.name, digest, new=False, withdrawn=True)
        new = version is None
        version = version or self._registry.upload(model, digest, self._settings.image)
        self._roll_out(endpoint, version, smoke)
        return Pushed(int(version.version_id), endpoint.name, digest, new=new)

    def roll_back(self) -> tuple[int, int]:
        """Gives all traffic to the previous version and labels the newer one as withdrawn.

        Returns:
          The numbers of the version that serves now and of the withdrawn one.

        Raises:
          LookupError: There is no endpoint, or no earlier version on it.
        """
        endpoint = self._find_endpoint() or v1.Endpoint()
        deployed = _deployed(endpoint)
        current = _with_most_traffic(deployed, endpoint)
        number = int(current.model_version_id) if current else 0
        earlier = [d for d in deployed if int(d.model_version_id) < number]
        if not current or not earlier:
            raise LookupError(f"{self._location.url} has no earlier version to go back to")
        self._registry.label_withdrawn(self._registry.model_of(current))
        self._set_traffic(endpoint, {earlier[-1].id: 100})
        return int(earlier[-1].model_version_id), number

    def baseline_for(self, digest: str) -> ServedVersion:
        """See `ModelStore.baseline_for`; the version with most of the traffic comes first."""
        endpoint = self._find_endpoint() or v1.Endpoint()
        found = _deployed(endpoint)
        current = _with_most_traffic(found, endpoint)
        if not current:
            return ServedVersion()
        for deployed in [current, *(d for d in reversed(found) if d.id != current.id)]:
            model = self._registry.model_of(deployed)
            if not has_digest(model, digest):
                uri = model.artifact_uri
                return ServedVersion(int(deployed.model_version_id), uri, model_digest(uri))
        return ServedVersion()

    def _roll_out(
        self, endpoint: v1.Endpoint, version: v1.Model, smoke: Sequence[SmokeCase]
    ) -> None:
        """Deploys a version unless it is deployed, tests it, and gives it all traffic."""
        found = _deployed(endpoint)
        others = [d for d in found if d.model_version_id != version.version_id]
        previous = _with_most_traffic(others, endpoint)
        new = next((d for d in found if d.model_version_id == version.version_id), None)
        if new is None:
            new = self._deploy(endpoint, version, previous)
        elif previous and not dict(endpoint.traffic_split).get(new.id):
            share = self._settings.first_share
            self._set_traffic(endpoint, {new.id: share, previous.id: 100 - share})
        try:
            self._smoke_test(endpoint, new, smoke)
        except Exception:
            self._undeploy(endpoint, new, {previous.id: 100} if previous else {})
            raise
        self._set_traffic(endpoint, {new.id: 100})
        for old in others:
            if old != previous:
                self._undeploy(endpoint, old, {new.id: 100})

    @cached_property
    def _endpoints(self) -> v1.EndpointServiceClient:
        return v1.EndpointServiceClient(client_options=self._location.options)

    @cached_property
    def _predictions(self) -> v1.PredictionServiceClient:
        return v1.PredictionServiceClient(client_options=self._location.options)

    def _find_endpoint(self) -> v1.Endpoint | None:
        request = v1.ListEndpointsRequest(
            parent=self._location.parent,
            filter=f'display_name="{self._location.name}"',
            order_by="create_time",
        )
        return next(iter(self._endpoints.list_endpoints(request, **RETRY.options())), None)

    def _create_endpoint(self) -> v1.Endpoint:
        endpoint = v1.Endpoint(display_name=self._location.name)
        operation = self._endpoints.create_endpoint(parent=self._location.parent, endpoint=endpoint)
        return v1.Endpoint(operation.result(timeout=OPERATION_SECONDS))

    def _deploy(
        self, endpoint: v1.Endpoint, model: v1.Model, previous: v1.DeployedModel | None
    ) -> v1.DeployedModel:
        """Deploys a version with a share of the traffic, or all of it without a predecessor."""
        settings, share = self._settings, self._settings.first_share
        deployment = v1.DeployedModel(
            model=versioned_name(model),
            display_name=f"{self._location.name}-{model.version_id}",
            dedicated_resources=v1.DedicatedResources(
                machine_spec=v1.MachineSpec(machine_type=settings.machine_type),
                min_replica_count=settings.min_replicas,
                max_replica_count=settings.max_replicas,
            ),
        )
        # "0" stands for the model that is being deployed.
        split = {"0": share, previous.id: 100 - share} if previous else {"0": 100}
        operation = self._endpoints.deploy_model(
            endpoint=endpoint.name, deployed_model=deployment, traffic_split=split
        )
        return v1.DeployedModel(operation.result(timeout=OPERATION_SECONDS).deployed_model)

    def _smoke_test(
        self, endpoint: v1.Endpoint, deployed: v1.DeployedModel, smoke: Sequence[SmokeCase]
    ) -> None:
        """Sends each example until the new model has answered it, and compares the answers."""
        for number, case in enumerate(smoke, start=1):
            found = self._ask(endpoint, deployed, case["example"])
            expected = np.array(case["probabilities"])
            if found.shape != expected.shape or not np.allclose(found, expected, atol=_TOLERANCE):
                raise SmokeTestFailed(
                    f"test image {number}: the deployed model answers {found.round(3).tolist()}, "
                    f"and the evaluated one {expected.round(3).tolist()}"
                )
        log.info("the smoke test passed: %d images", len(smoke))

    def _ask(self, endpoint: v1.Endpoint, deployed: v1.DeployedModel, example: str) -> np.ndarray:
        """Returns the probabilities that a deployed model gives for an example in Base64."""
        instance = struct_pb2.Value()
        instance.struct_value.update({"b64": example})
        for _ in range(_ATTEMPTS_PER_IMAGE):
            answer = self._predictions.predict(
                endpoint=endpoint.name, instances=[instance], **RETRY.options()
            )
            if answer.deployed_model_id == deployed.id:
                return np.array(list(map(float, dict(answer.predictions[0])["probabilities"])))
        raise SmokeTestFailed(f"none of {_ATTEMPTS_PER_IMAGE} requests reached the new model")

    def _set_traffic(self, endpoint: v1.Endpoint, split: dict[str, int]) -> None:
        self._endpoints.update_endpoint(
            endpoint=v1.Endpoint(name=endpoint.name, traffic_split=split),
            update_mask=field_mask_pb2.FieldMask(paths=["traffic_split"]),
            **RETRY.options(),
        )

    def _undeploy(
        self, endpoint: v1.Endpoint, deployed: v1.DeployedModel, split: dict[str, int]
    ) -> None:
        self._endpoints.undeploy_model(
            endpoint=endpoint.name, deployed_model_id=deployed.id, traffic_split=split
        ).result(timeout=OPERATION_SECONDS)


def _deployed(endpoint: v1.Endpoint) -> list[v1.DeployedModel]:
    """Returns the deployed models, oldest version first."""
    return sorted(endpoint.deployed_models, key=lambda d: int(d.model_version_id))


def _with_most_traffic(
    deployed: Sequence[v1.DeployedModel], endpoint: v1.Endpoint
) -> v1.DeployedModel | None:
    """Returns the deployed model with most of the traffic; None if none has any."""
    share = dict(endpoint.traffic_split)
    candidates = [d for d in deployed if share.get(d.id)]
    return max(candidates, key=lambda d: share[d.id], default=None)
