"""The part of Vertex ML Metadata that a rehearsal needs: artifacts, and the cache of executions."""

import itertools
import json
from pathlib import Path

from data.common.errors import UsageError
from data.common.files import write_whole
from pipeline.vertex.rehearsal.job import Json

STORE_FILE = "rehearsal.json"
_FORMAT_VERSION = 1
_NAME = "projects/1/locations/here/metadataStores/default/artifacts"


class Store:
    """A JSON file with artifacts and executions.

    An artifact is a RuntimeArtifact of the pipeline spec: `name`, `uri`, `type` and `metadata`.
    """

    def __init__(self, root: Path):
        """Reads the file under a root, if it exists.

        Raises:
          UsageError: Another version of this program wrote the file.
        """
        self._file = root / STORE_FILE
        self._values: Json = {"format_version": _FORMAT_VERSION, "artifacts": {}, "executions": {}}
        if self._file.exists():
            self._values = json.loads(self._file.read_text(encoding="utf-8"))
        if self._values["format_version"] != _FORMAT_VERSION:
            raise UsageError(f"{self._file} is of another version of flowers: name another --root")

    def save(self) -> None:
        """Writes the file atomically."""
        write_whole(self._file, json.dumps(self._values, indent=1) + "\n")

    def new_artifact(self, uri: str, schema: Json, metadata: Json) -> Json:
        """Adds and returns a new artifact; a task sets its final `uri` and `metadata` in place."""
        name = f"{_NAME}/{len(self._values['artifacts']) + 1}"
        artifact = {"name": name, "uri": uri, "type": schema, "metadata": metadata}
        self._values["artifacts"][name] = {"artifact": artifact}
        return artifact

    def cache(self, key: str, outputs: dict[str, Json]) -> None:
        """Stores the outputs of an execution under its cache key."""
        self._values["executions"][key] = {k: artifact["name"] for k, artifact in outputs.items()}

    def cached(self, key: str) -> dict[str, Json] | None:
        """Returns the outputs of the execution with a cache key, or None."""
        names = self._values["executions"].get(key)
        if names is None:
            return None
        return {k: self._values["artifacts"][name]["artifact"] for k, name in names.items()}

    def new_folder(self, output: str, job_id: str, task: str) -> str:
        """Creates and returns a folder for an execution of a task, as Vertex AI names it."""
        for number in itertools.count(1):
            folder = Path(output, "1", job_id, f"{task}_{number}")
            if not folder.exists():
                folder.mkdir(parents=True)
                return str(folder)
        raise AssertionError
