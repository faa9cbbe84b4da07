"""The plan of a batch prediction: which file each shard of inputs is written to.

It lies beside the results, so that the same command continues an interrupted prediction, and a
different one is refused before it mixes its results with them.
"""

import hashlib
import os
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ValidationError

from components.artifacts import file_exists, list_names, read_bytes, whole_file
from data.common.errors import UsageError
from data.common.formatting import shell_word

Format = Literal["parquet", "jsonl"]


class Plan(BaseModel):
    """A batch prediction.

    Attributes:
      model: The model, as a user would name it.
      digest: The digest of its files.
      format: The format of the results.
      inputs: A digest of the paths of the inputs, and of size and time of those that are local.
      shards: The number of shards, of inputs and of results.
    """

    model: str
    digest: str
    format: Format
    inputs: str
    shards: int

    def output(self, prefix: str, shard: int) -> str:
        """Returns the path of the results of a shard, named as Beam does."""
        return f"{prefix}-{shard:05d}-of-{self.shards:05d}.{self.format}"

    def outputs(self, prefix: str) -> list[str]:
        """Returns the paths of the results of all shards."""
        return [self.output(prefix, shard) for shard in range(self.shards)]

    def missing(self, prefix: str) -> list[int]:
        """Returns the shards without results."""
        names = list_names(os.path.dirname(prefix) or ".")
        outputs = enumerate(self.outputs(prefix))
        return [shard for shard, output in outputs if os.path.basename(output) not in names]


def digest_inputs(files: Sequence[str]) -> str:
    """Returns a digest of paths, and of size and time of local files, without reading them."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file}\0{_size_and_time(file)}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def keep_plan(plan: Plan, prefix: str) -> None:
    """Writes a plan beside its results, unless it is there already.

    Raises:
      UsageError: The results there belong to another plan, or nothing can be written there.
    """
    path = f"{prefix}.plan.json"
    if file_exists(path):
        _check_same(plan, _read(path), prefix)
        return
    try:
        with whole_file(path) as unfinished, open(unfinished, "w", encoding="utf-8") as stream:
            stream.write(plan.model_dump_json(indent=2))
    except OSError as error:
        raise UsageError(f"--out: {path} cannot be written: {error.strerror}") from error


def _size_and_time(file: str) -> str:
    if "://" in file:
        return ""
    try:
        status = os.stat(file)
    except OSError:
        return "missing"
    return f"{status.st_size} {status.st_mtime_ns}"


def _read(path: str) -> Plan:
    try:
        return Plan.model_validate_json(read_bytes(path))
    except ValidationError as error:
        problem = f"{path} is not a plan of predict-batch; remove it, or change --out"
        raise UsageError(problem) from error


def _check_same(plan: Plan, before: Plan, prefix: str) -> None:
    differences = {
        "the model": (before.digest, plan.digest),
        "the format": (before.format, plan.format),
        "the input files": (before.inputs, plan.inputs),
        "the number of shards": (before.shards, plan.shards),
    }
    changed = [name for name, (old, new) in differences.items() if old != new]
    if changed:
        raise UsageError(
            f"--out: {prefix} has results of {before.model} in {before.shards} shards, and "
            f"{' and '.join(changed)} changed since; give another prefix, or remove them: "
            f"rm {shell_word(prefix)}.* {shell_word(prefix)}-*"
        )
