"""ML Metadata under a root: records of rollbacks and promotions, which no pipeline run makes."""

from collections.abc import Mapping
from pathlib import Path

from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.root_files import METADATA_FILE

_PUSHED = "PushedModel"


def open_store(root: Path) -> MetadataStore:
    """Returns the metadata store of a root that has runs."""
    config = mlmd.ConnectionConfig()
    config.sqlite.filename_uri = str(root / METADATA_FILE)
    return MetadataStore(config)


def record(root: Path, kind: str, properties: Mapping[str, str | int], uri: str) -> None:
    """Records a manual change of the serving model: an execution with the new model as its output.

    Args:
      root: The root of the runs.
      kind: The type of the execution, `flowers.Rollback` or `flowers.Promote`.
      properties: The custom properties of the execution.
      uri: The folder of the version that serves after the change.
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
