"""The results of a batch prediction: a file of Parquet or of JSON lines for each shard."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel

from components.artifacts import copied_here, whole_file
from pipeline.batch_prediction.plan import Format

# What `flowers predict --json` calls a result.
Result = dict[str, Any]


@contextmanager
def result_writer(
    path: str, form: Format, class_names: Sequence[str]
) -> Iterator[Callable[[Sequence[Result]], None]]:
    """Yields a function that writes results; the file is at `path` once it is complete.

    JSON lines have the objects of `flowers predict --json`. Parquet has the columns `path`,
    `source`, `label`, `class_id`, `probabilities` (float32, in the order of the class ids) and
    `error`, null where a result has none; the class names are in the metadata, as JSON under
    `class_names`.
    """
    with whole_file(path) as unfinished:
        if form == "jsonl":
            with open(unfinished, "w", encoding="utf-8") as stream:
                yield lambda results: stream.writelines(map(_json_line, results))
            return
        schema = _schema(class_names)
        with pq.ParquetWriter(unfinished, schema) as writer:
            yield lambda results: writer.write_table(_table(results, class_names, schema))


class Summary(BaseModel):
    """What a batch prediction found.

    Attributes:
      images: The number of inputs: images, and files and records without one.
      classes: The number of images by predicted class.
      errors: The number of inputs without a prediction.
    """

    images: int
    classes: dict[str, int]
    errors: int


def summarize(outputs: Sequence[str], form: Format, errors: str) -> Summary:
    """Counts the results in files, and writes those without a prediction as JSON lines to `errors`.

    Memory holds one batch of results.
    """
    images, classes, failed = 0, Counter[str](), 0
    with whole_file(errors) as unfinished, open(unfinished, "w", encoding="utf-8") as stream:
        for result in (result for output in outputs for result in _read(output, form)):
            images += 1
            if "error" in result:
                failed += 1
                stream.write(_json_line(result))
            else:
                classes[result["label"]] += 1
    return Summary(images=images, classes=dict(sorted(classes.items())), errors=failed)


def _schema(class_names: Sequence[str]) -> pa.Schema:
    text, names = pa.string(), json.dumps(list(class_names))
    columns = {
        "path": text, "source": text, "label": text, "class_id": pa.int32(),
        "probabilities": pa.list_(pa.float32()), "error": text,
    }  # fmt: skip
    return pa.schema(list(columns.items()), metadata={"class_names": names})


def _table(results: Sequence[Result], class_names: Sequence[str], schema: pa.Schema) -> pa.Table:
    ids = {name: class_id for class_id, name in enumerate(class_names)}
    rows = [
        {
            **result,
            "class_id": ids.get(result.get("label", "")),
            "probabilities": list(result["probabilities"].values()) if "label" in result else None,
        }
        for result in results
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def _json_line(result: Result) -> str:
    return json.dumps(result, ensure_ascii=False) + "\n"


def _read(output: str, form: Format) -> Iterator[Result]:
    """Yields `path`, `source`, and `label` or `error` of each result in a file."""
    if "://" in output:
        with copied_here(output) as local:
            yield from _read(local, form)
    elif form == "jsonl":
        with open(output, encoding="utf-8") as stream:
            yield from map(json.loads, stream)
    else:
        with pq.ParquetFile(output) as file:
            for batch in file.iter_batches(columns=["path", "source", "label", "error"]):
                for row in batch.to_pylist():
                    yield {key: value for key, value in row.items() if value is not None}
