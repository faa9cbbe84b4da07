"""What Vertex ML Metadata knows: the artifacts, and which tasks made which of them from what."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

from data.common.errors import UsageError
from data.common.files import write_whole
from pipeline.vertex.rehearsal.job import Json

STORE_FILE = "rehearsal.json"
_FORMAT_VERSION = 1
_NAME = "projects/1/locations/here/metadataStores/default/artifacts"


class Store:
    """A JSON file, written after each task.

    An artifact is a RuntimeArtifact of the pipeline spec, as a task reads it: `name`, `uri`, `type`
    and `metadata`; beside it lies whether it is `live`. The order is that in which they were made.
    """

    def __init__(self, root: Path):
        """Reads the file under a root, or begins with nothing.

        Raises:
          UsageError: it was written by another version of this program.
        """
        self._file = root / STORE_FILE
        self._values: Json = {"format_version": _FORMAT_VERSION, "artifacts": {}, "executions": {}}
        if self._file.exists():
            self._values = json.loads(self._file.read_text())
        if self._values["format_version"] != _FORMAT_VERSION:
            raise UsageError(f"{self._file} is of another version of flowers: name another --root")

    def save(self) -> None:
        """Writes the file, whole or not at all."""
        write_whole(self._file, json.dumps(self._values, indent=1) + "\n")

    def new_artifact(self, uri: str, schema: Json, metadata: Json) -> Json:
        """Returns a new artifact, which is not live yet: nobody has made what is in it."""
        name = f"{_NAME}/{len(self._values['artifacts']) + 1}"
        artifact = {"name": name, "uri": uri, "type": schema, "metadata": metadata}
        self._values["artifacts"][name] = {"artifact": artifact, "live": False}
        return artifact

    def publish(self, artifact: Json) -> None:
        """Takes over what a task wrote into an artifact; it is live from now on."""
        self._values["artifacts"][artifact["name"]] = {"artifact": artifact, "live": True}

    def newest_first(self) -> Iterator[Json]:
        """Yields the live artifacts."""
        for entry in reversed(self._values["artifacts"].values()):
            if entry["live"]:
                yield entry["artifact"]

    def remember(self, key: str, outputs: dict[str, Json]) -> None:
        """Notes what an execution made, by the key of the cache."""
        self._values["executions"][key] = {k: artifact["name"] for k, artifact in outputs.items()}

    def made_before(self, key: str) -> dict[str, Json] | None:
        """Returns what an execution with this key made, by output; None if there was none."""
        names = self._values["executions"].get(key)
        if names is None:
            return None
        return {k: self._values["artifacts"][name]["artifact"] for k, name in names.items()}

    def new_folder(self, output: str, job_id: str, task: str) -> str:
        """Returns a folder for an execution of a task, as Vertex names it."""
        for number in itertools.count(1):
            folder = Path(output, "1", job_id, f"{task}_{number}")
            if not folder.exists():
                folder.mkdir(parents=True)
                return str(folder)
        raise AssertionError
