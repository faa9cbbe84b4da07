"""The ExampleGen component: TFX's FileBasedExampleGen with a second output, the quarantine."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tfx import types
from tfx.components.example_gen.component import FileBasedExampleGen
from tfx.components.example_gen.driver import FileBasedDriver
from tfx.components.example_gen.utils import (
    FINGERPRINT_PROPERTY_NAME,
    SPAN_PROPERTY_NAME,
    VERSION_PROPERTY_NAME,
)
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.proto import example_gen_pb2
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter
from tfx.types.standard_component_specs import FileBasedExampleGenSpec

from components.example_gen.executor import Executor
from data.ingestion_counts import QUARANTINE


class ImageExampleGenSpec(FileBasedExampleGenSpec):
    """TFX's parameters and ours, which include fingerprints of data and code for TFX's cache."""

    PARAMETERS: ClassVar = {
        **FileBasedExampleGenSpec.PARAMETERS,
        "further_patterns": ExecutionParameter(type=str),
        "split_salt": ExecutionParameter(type=str),
        "group_near_duplicates": ExecutionParameter(type=int),
        "class_names": ExecutionParameter(type=str),
        "features": ExecutionParameter(type=str),
        "max_pixels": ExecutionParameter(type=int),
        "broken_file": ExecutionParameter(type=str),
        "data_fingerprint": ExecutionParameter(type=str),
        "code_fingerprint": ExecutionParameter(type=str),
    }
    OUTPUTS: ClassVar = {
        **FileBasedExampleGenSpec.OUTPUTS,
        QUARANTINE: ChannelParameter(type=standard_artifacts.Examples),
    }


class ContentDriver(FileBasedDriver):
    """TFX's driver, with our fingerprint of the input if there is one.

    TFX's own fingerprint covers only the first pattern, and consists of sizes and times: a local
    file that was touched or cloned again would look changed, and one that was changed within a
    second would not.
    """

    def resolve_exec_properties(
        self, exec_properties: dict[str, Any], *args: Any
    ) -> dict[str, Any]:
        """See FileBasedDriver."""
        content = exec_properties.get("data_fingerprint")
        if not content:
            return super().resolve_exec_properties(exec_properties, *args)
        # The patterns name no spans any more.
        return {
            **exec_properties,
            FINGERPRINT_PROPERTY_NAME: content,
            SPAN_PROPERTY_NAME: 0,
            VERSION_PROPERTY_NAME: None,
        }


class ImageExampleGen(FileBasedExampleGen):
    """Reads TFRecords of images, splits them by image content, and quarantines bad records.

    It subclasses FileBasedExampleGen because Vertex's driver hook checks the type.

    Outputs:
      examples: The splits. The records have the names of `data.features` and only the features that
        are read; others are unchanged.
      quarantine: The bad records as tf.Examples (`record`, `shard`, `index`, `reason`, `source`),
        and `counts.json`, see `data.ingestion_counts.IngestionCounts`.
    """

    SPEC_CLASS = ImageExampleGenSpec
    EXECUTOR_SPEC = BeamExecutorSpec(Executor)
    DRIVER_CLASS = ContentDriver

    def __init__(
        self,
        input_base: str | RuntimeParameter,
        patterns: Sequence[str],
        split_weights: Mapping[str, int],
        group_near_duplicates: bool,
        class_names: Sequence[str],
        features: Mapping[str, str | None],
        **parameters: Any,
    ):
        """Creates the component.

        Args:
          input_base: See `data.sources.Source`.
          patterns: See `data.sources.Source`.
          split_weights: Relative sizes of the splits, by name.
          group_near_duplicates: Whether near-duplicates are assigned to the same split.
          class_names: Names of all classes, in the order of their ids.
          features: The setting `data.features`.
          **parameters: `split_salt` of the hash that assigns splits; `max_pixels`, above which an
            image is quarantined without decoding it; `broken_file`, `refuse` or `keep_before`;
            and the digests `data_fingerprint`, empty if it is not known, and `code_fingerprint`.
        """
        # TFX allows only one input pattern if it creates the splits.
        first, *further = patterns
        inputs = example_gen_pb2.Input.Split(name="all", pattern=first)
        outputs = [
            example_gen_pb2.SplitConfig.Split(name=name, hash_buckets=weight)
            for name, weight in split_weights.items()
        ]
        spec = ImageExampleGenSpec(
            input_base=input_base,
            input_config=example_gen_pb2.Input(splits=[inputs]),
            output_config=example_gen_pb2.Output(
                split_config=example_gen_pb2.SplitConfig(splits=outputs)
            ),
            output_data_format=example_gen_pb2.FORMAT_TF_EXAMPLE,
            output_file_format=example_gen_pb2.FORMAT_TFRECORDS_GZIP,
            further_patterns=json.dumps(further),
            group_near_duplicates=int(group_near_duplicates),
            class_names=json.dumps(list(class_names)),
            features=json.dumps(dict(features)),
            **parameters,
            examples=types.Channel(type=standard_artifacts.Examples),
            quarantine=types.Channel(type=standard_artifacts.Examples),
        )
        BaseBeamComponent.__init__(self, spec=spec)
