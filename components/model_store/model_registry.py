"""The versions of a model in Vertex AI's model registry, labelled with their digests."""

import logging
from functools import cached_property

from google.api_core.exceptions import NotFound
from google.cloud import aiplatform_v1 as v1
from google.protobuf import field_mask_pb2

from components.google_api import RetryPolicy
from components.model_store.location import EndpointLocation

# For idempotent calls.
RETRY = RetryPolicy()
OPERATION_SECONDS = 60 * 60.0
# Labels of a model version.
_DIGEST, _WITHDRAWN = "digest", "withdrawn"
# The value of a label has at most 63 characters; the first 40 of a SHA-256 are enough.
_DIGEST_DIGITS = 40

log = logging.getLogger(__name__)


class ModelRegistry:
    """The registered versions of the model that a location names."""

    def __init__(self, location: EndpointLocation):
        """Takes the location; nothing is called yet."""
        self._location = location
        self._model_name = f"{location.parent}/models/{location.name}"

    @cached_property
    def _models(self) -> v1.ModelServiceClient:
        return v1.ModelServiceClient(client_options=self._location.options)

    def find(self, digest: str) -> v1.Model | None:
        """Returns the newest version with a digest; None if there is none."""
        same = [version for version in self._versions() if has_digest(version, digest)]
        return max(same, key=lambda version: int(version.version_id), default=None)

    def model_of(self, deployed: v1.DeployedModel) -> v1.Model:
        """Returns the version that is deployed."""
        name = f"{deployed.model}@{deployed.model_version_id}"
        return self._models.get_model(name=name, **RETRY.options())

    def upload(self, model: str, digest: str, image: str) -> v1.Model:
        """Registers a SavedModel on gs:// as the next version, with the image that serves it."""
        location = self._location
        version = v1.Model(
            display_name=location.name,
            artifact_uri=model,
            container_spec=v1.ModelContainerSpec(image_uri=image),
            labels={_DIGEST: digest[:_DIGEST_DIGITS]},
        )
        request = v1.UploadModelRequest(parent=location.parent, model=version)
        if self._versions():
            request.parent_model = self._model_name
        else:
            request.model_id = location.name
        response = self._models.upload_model(request).result(timeout=OPERATION_SECONDS)
        log.info("uploaded %s, version %s", response.model, response.model_version_id)
        return self._models.get_model(name=f"{response.model}@{response.model_version_id}")

    def label_withdrawn(self, version: v1.Model) -> None:
        """Labels a version as withdrawn, so that it is not pushed again."""
        labels = {**version.labels, _WITHDRAWN: "true"}
        self._models.update_model(
            model=v1.Model(name=versioned_name(version), labels=labels),
            update_mask=field_mask_pb2.FieldMask(paths=["labels"]),
            **RETRY.options(),
        )

    def _versions(self) -> list[v1.Model]:
        try:
            return list(self._models.list_model_versions(name=self._model_name, **RETRY.options()))
        except NotFound:
            return []


def has_digest(version: v1.Model, digest: str) -> bool:
    """Returns whether a version is labelled with a digest."""
    return version.labels.get(_DIGEST, "") == digest[:_DIGEST_DIGITS]


def is_withdrawn(version: v1.Model) -> bool:
    """Returns whether a version is labelled as withdrawn."""
    return bool(version.labels.get(_WITHDRAWN))


def versioned_name(version: v1.Model) -> str:
    """Returns the resource name with the number of the version."""
    return f"{version.name.partition('@')[0]}@{version.version_id}"
