"""ML Metadata under a root: records of rollbacks and promotions, which no pipeline run makes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from ml_metadata.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.root_files import METADATA_FILE

ChangeKind = Literal["flowers.Rollback", "flowers.Promote"]

_PUSHED = "PushedModel"


@dataclass(frozen=True)
class Change:
    """A rollback or a promotion.

    Attributes:
      kind: What was done.
      at: When it was made, in ISO 8601.
      version: The version that serves after it.
      withdrawn: The versions that a rollback withdrew.
      reason: The given reason; may be empty.
    """

    kind: ChangeKind
    at: str
    version: int
    withdrawn: list[int]
    reason: str


def open_store(root: Path) -> MetadataStore:
    """Returns the metadata store of a root that has runs."""
    config = mlmd.ConnectionConfig()
    config.sqlite.filename_uri = str(root / METADATA_FILE)
    return MetadataStore(config)


def recorded_changes(root: Path) -> list[Change]:
    """Returns all rollbacks and promotions under a root, oldest first."""
    if not (root / METADATA_FILE).exists():
        return []
    store = open_store(root)
    found = [
        _change(kind, execution)
        for kind in get_args(ChangeKind)
        for execution in store.get_executions_by_type(kind)
    ]
    return sorted(found, key=lambda change: change.at)


def record(root: Path, kind: ChangeKind, properties: Mapping[str, str | int], uri: str) -> None:
    """Records a manual change of the serving model: an execution with the new model as its output.

    Args:
      root: The root of the runs.
      kind: What was done, the type of the execution.
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


def _change(kind: ChangeKind, execution: mlmd.Execution) -> Change:
    values = execution.custom_properties
    withdrawn = values["withdrawn"].string_value.split(", ")
    return Change(
        kind=kind,
        at=values["at"].string_value,
        version=values["version"].int_value,
        withdrawn=[int(number) for number in withdrawn if number.isdecimal()],
        reason=values["reason"].string_value,
    )
