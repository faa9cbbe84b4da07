"""Importers and resolvers: the tasks that Vertex answers itself, from ML Metadata.

- An importer names a URI, a type and metadata. Unless it says `reimport`, an artifact with all of
  these is taken if there is one.
- A resolver has a query for each output: `schema_title="tfx.Model" AND state=LIVE AND ...`, with
  conditions on `name` and `metadata.KEY.number_value`. The newest artifact that meets all is the
  answer, and none is an answer too. `{{$.inputs.artifacts['KEY'].metadata['KEY']}}` in a query is a
  value of the resolver's own input. TFX compiles `LatestBlessedModelStrategy` to two of them: the
  newest ModelBlessing whose `blessed` is 1, and the Model whose name that calls
  `current_model_id`.
"""

import re
from collections.abc import Mapping

import yaml

from pipeline.vertex.rehearsal.job import Json
from pipeline.vertex.rehearsal.store import Store

_CONDITION = re.compile(r'\s*([\w.]+)\s*=\s*(?:"([^"]*)"|(\S+))\s*')
_REFERENCE = re.compile(r"\{\{\$\.inputs\.artifacts\['(\w+)'\]\.metadata\['(\w+)'\]\}\}")

Artifacts = Mapping[str, Json]


def import_artifact(importer: Json, parameters: Json, store: Store) -> Json:
    """Returns the artifact that an importer names.

    Args:
      importer: its ImporterSpec.
      parameters: the values of the task's inputs.
      store: in which it is looked for, or noted.
    """
    place, schema = importer["artifactUri"], importer["typeSchema"]
    uri = place["constant"] if "constant" in place else parameters[place["runtimeParameter"]]
    metadata = importer.get("metadata", {})
    wanted = {"uri": uri, "type": schema, "metadata": metadata}
    for artifact in store.newest_first():
        if not importer.get("reimport") and wanted.items() <= artifact.items():
            return artifact
    artifact = store.new_artifact(uri, schema, metadata)
    store.publish(artifact)
    return artifact


def resolve(resolver: Json, inputs: Artifacts, store: Store) -> dict[str, Json]:
    """Returns the artifacts that a resolver finds, by output; an output without one is left out.

    Args:
      resolver: its ResolverSpec.
      inputs: the task's own inputs; one that is missing was not found either.
      store: which is asked.
    """
    found = {}
    for key, query in resolver["outputArtifactQueries"].items():
        conditions = _conditions(query["filter"], inputs)
        fitting = (a for a in store.newest_first() if conditions and _meets(a, conditions))
        artifact = next(fitting, None)
        if artifact:
            found[key] = artifact
    return found


def _conditions(query: str, inputs: Artifacts) -> dict[str, str]:
    """Returns what a query demands, by field; nothing where it refers to what was not found.

    Raises:
      ValueError: it is written in a way that is not known here.
    """
    references = _REFERENCE.findall(query)
    if any(key not in inputs for key, _ in references):
        return {}
    text = _REFERENCE.sub(lambda found: str(inputs[found[1]]["metadata"][found[2]]), query)
    conditions = {}
    for part in text.split(" AND "):
        condition = _CONDITION.fullmatch(part)
        if not condition:
            raise ValueError(f"a resolver's query has a condition that is not known here: {part}")
        conditions[condition[1]] = condition[2] if condition[2] is not None else condition[3]
    return conditions


def _meets(artifact: Json, conditions: Mapping[str, str]) -> bool:
    return all(_value(artifact, field) == wanted for field, wanted in conditions.items())


def _value(artifact: Json, field: str) -> str:
    """Returns a field of an artifact as it is written in a query."""
    if field == "state":
        return "LIVE"
    if field == "name":
        return str(artifact["name"])
    if field == "schema_title":
        schema = artifact["type"]
        return str(schema.get("schemaTitle") or yaml.safe_load(schema["instanceSchema"])["title"])
    prefix, key, kind = field.split(".")
    value = artifact["metadata"].get(key, "") if prefix == "metadata" else ""
    return f"{value:g}" if kind == "number_value" and value != "" else str(value)
