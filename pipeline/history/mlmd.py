"""ML Metadata under a root, for what people do beside the runs: rollbacks and promotions."""

from collections.abc import Mapping
from pathlib import Path

from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.root_files import METADATA_FILE

_PUSHED = "PushedModel"


def open_store(root: Path) -> MetadataStore:
    """Returns the store of a root in which runs have been."""
    config = mlmd.ConnectionConfig()
    config.sqlite.filename_uri = str(root / METADATA_FILE)
    return MetadataStore(config)


def record(root: Path, kind: str, properties: Mapping[str, str | int], uri: str) -> None:
    """Notes what a person did: an execution of a type of its own, and the model that serves since.

    Args:
      root: of the runs.
      kind: `flowers.Rollback` or `flowers.Promote`.
      properties: of the execution.
      uri: folder of the version that serves since.
    """
    store = open_store(root)
    execution = mlmd.Execution(
        type_id=store.put_execution_type(mlmd.ExecutionType(name=kind)),
        last_known_state=mlmd.Execution.COMPLETE,
    )
    for name, value in properties.items():
        if isinstance(value, int):
            execution.custom_properties[name].int_value = value
        else:
            execution.custom_properties[name].string_value = value
    artifact = mlmd.Artifact(
        type_id=store.put_artifact_type(mlmd.ArtifactType(name=_PUSHED), can_add_fields=True),
        uri=uri,
        state=mlmd.Artifact.LIVE,
    )
    event = mlmd.Event(type=mlmd.Event.OUTPUT)
    store.put_execution(execution, [(artifact, event)], [])
