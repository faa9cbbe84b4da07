"""The whole dataflow on one page: the steps, their inputs and their settings."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow_data_validation as tfdv

# `tfx.components` swallows ImportErrors and sets the names to None; these modules raise them.
from tfx.components.example_validator.component import ExampleValidator
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.components.transform.component import Transform
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import pusher_pb2, trainer_pb2, transform_pb2

from components.data_gate.component import DataGate
from components.data_schema.component import CuratedSchema
from components.evaluator.component import Evaluator
from components.evaluator.evaluation import eval_config
from components.example_gen.component import ImageExampleGen
from components.gate.component import Gate
from components.predictions.component import Predictions
from components.pusher.card import collect_facts
from components.pusher.component import AtomicPusher
from components.serving_check.component import ServingCheck
from components.trainer.component import Trainer
from data.schema import schema_with, span_schema_text
from pipeline.root_files import ARTIFACTS_FOLDER, CHECKPOINTS_FOLDER
from pipeline.run_context import RunContext
from pipeline.settings.settings import Settings
from pipeline.steps import step_fingerprints

TRAIN_ARGS = trainer_pb2.TrainArgs(splits=["train"])


def create_pipeline(settings: Settings, context: RunContext) -> Pipeline:
    """Returns the pipeline, for any runner of TFX."""
    return pipeline_of(_steps(settings, context), settings, context)


def pipeline_of(steps: Sequence[BaseNode], settings: Settings, context: RunContext) -> Pipeline:
    """Returns a pipeline of steps; those of the same inputs share TFX's cache."""
    path = context.metadata_path
    return Pipeline(
        pipeline_name=settings.name,
        pipeline_root=f"{context.root}/{ARTIFACTS_FOLDER}",
        components=list(steps),
        enable_cache=True,
        metadata_connection_config=(
            metadata.sqlite_metadata_connection_config(path) if path else None
        ),
        beam_pipeline_args=list(context.beam_args),
    )


class DataSteps(NamedTuple):
    """The steps before the Trainer."""

    example_gen: BaseNode
    schema: BaseNode
    statistics_gen: BaseNode
    validator: BaseNode
    data_gate: BaseNode
    transform: BaseNode

    @property
    def for_training(self) -> dict[str, Any]:
        """The inputs of a step that trains on what Transform wrote."""
        return {
            "examples": self.transform.outputs["transformed_examples"],
            "transform_graph": self.transform.outputs["transform_graph"],
            "schema": self.schema.outputs["schema"],
            "quarantine": self.example_gen.outputs["quarantine"],
        }


def data_steps(settings: Settings, context: RunContext, code: Mapping[str, str]) -> DataSteps:
    """Returns the steps before the Trainer; `code` comes from `step_fingerprints`."""
    example_gen = ImageExampleGen(
        **_example_gen(settings, context), code_fingerprint=code["ExampleGen"]
    ).with_id("ExampleGen")
    examples, quarantine = example_gen.outputs["examples"], example_gen.outputs["quarantine"]
    schema_step = CuratedSchema(text=schema_with(context.classes)).with_id("Schema")
    schema = schema_step.outputs["schema"]
    statistics_gen = StatisticsGen(
        examples, schema, tfdv.StatsOptions(enable_semantic_domain_stats=True)
    )
    statistics = statistics_gen.outputs["statistics"]
    validator = ExampleValidator(statistics, schema)
    data_gate = DataGate(
        statistics=statistics,
        anomalies=validator.outputs["anomalies"],
        quarantine=quarantine,
        schema=schema,
        **_data_gate(settings, context),
        code_fingerprint=code["DataGate"],
    )
    transform = Transform(
        examples=examples, schema=schema, **_transform(settings, code["Transform"])
    )
    transform.add_upstream_node(data_gate)
    for node in (statistics_gen, validator):
        _add_libraries(node, code)
    return DataSteps(example_gen, schema_step, statistics_gen, validator, data_gate, transform)


def _add_libraries(node: BaseNode, code: Mapping[str, str]) -> None:
    # These components of TFX have no parameter for it; it only enters the cache key.
    node.exec_properties["library_fingerprint"] = code[node.id]


def _steps(settings: Settings, context: RunContext) -> list[BaseNode]:
    """Returns the steps, each with its inputs; the functions below return their parameters."""
    code = step_fingerprints(settings.model.name, context.libraries)
    data = data_steps(settings, context, code)
    examples, quarantine = (data.example_gen.outputs[key] for key in ("examples", "quarantine"))
    schema = data.schema.outputs["schema"]
    trainer = Trainer(**data.for_training, **_trainer(settings, context, code["Trainer"]))
    model = trainer.outputs["model"]
    evaluator = Evaluator(
        examples, model, schema=schema, example_splits=["test"], eval_config=eval_config()
    )
    _add_libraries(evaluator, code)
    predictions = Predictions(
        examples=examples,
        quarantine=quarantine,
        model=model,
        **_predictions(settings, context),
        code_fingerprint=code["Predictions"],
    )
    gate = Gate(
        evaluation=evaluator.outputs["evaluation"],
        quarantine=quarantine,
        examples=examples,
        model=model,
        predictions=predictions.outputs["predictions"],
        settings=settings.gate,
        target=context.runtime_parameters.get("target", settings.gate.target),
        serving=context.baseline,
        code_fingerprint=code["Gate"],
    )
    serving_check = ServingCheck(
        model=model, examples=examples, schema=schema,
        **_serving_check(settings), code_fingerprint=code["ServingCheck"],
    )  # fmt: skip
    # It also checks a refused model, which a user may promote.
    serving_check.add_upstream_node(gate)
    pusher = AtomicPusher(
        model=model,
        model_blessing=gate.outputs["blessing"],
        infra_blessing=serving_check.outputs["blessing"],
        **_pusher(settings, context),
    ).with_id("Pusher")
    return [*data, trainer, evaluator, predictions, gate, serving_check, pusher]


def _example_gen(settings: Settings, context: RunContext) -> dict[str, Any]:
    return {
        "input_base": context.runtime_parameters.get("data_root", context.source.base),
        "patterns": context.source.patterns,
        "split_weights": settings.data.splits.model_dump(),
        "split_salt": context.split_salt,
        "group_near_duplicates": settings.data.group_near_duplicates,
        "class_names": context.classes,
        "features": settings.data.features,
        "max_pixels": settings.data.max_pixels,
        "broken_file": settings.data.broken_file,
        "data_fingerprint": context.data_fingerprint,
    }


def _data_gate(settings: Settings, context: RunContext) -> dict[str, Any]:
    data = settings.data
    return {
        "max_bad_fraction": data.max_bad_fraction,
        "batch_size": settings.trainer.batch_size,
        "replicas": context.replicas,
        "few_examples": data.few_examples,
        "skew": data.skew,
        "drift": data.drift,
        "drift_min_images": data.drift_min_images,
        "spans": len(context.source.spans),
        "span_before": context.span_before,
        "span_schema": span_schema_text(),
    }


def _transform(settings: Settings, code: str) -> dict[str, Any]:
    return {
        "preprocessing_fn": "components.transform.preprocessing.preprocessing_fn",
        # By default Transform would also write the test split.
        "splits_config": transform_pb2.SplitsConfig(analyze=["train"], transform=["train", "eval"]),
        "disable_statistics": True,
        "custom_config": {"image_size": settings.transform.image_size, "code_fingerprint": code},
    }


def _trainer(settings: Settings, context: RunContext, code: str) -> dict[str, Any]:
    return {
        "train_args": context.runtime_parameters.get("train_args", TRAIN_ARGS),
        "executor": context.trainer_executor,
        "custom_config": {
            **context.trainer_config,
            "settings": settings.training_settings().model_dump(mode="json"),
            "checkpoints": f"{context.root}/{CHECKPOINTS_FOLDER}",
            "warm_start": context.warm_start.model_dump() if context.warm_start else {},
            "weights_digest": context.weights_digest,
            "code_fingerprint": code,
        },
    }


def _predictions(settings: Settings, context: RunContext) -> dict[str, Any]:
    return {
        "settings": settings.predictions,
        "features": settings.data.features,
        "max_pixels": settings.data.max_pixels,
        "extra_patterns": context.extra.globs if context.extra else (),
        "extra_fingerprint": context.extra_fingerprint,
    }


def _serving_check(settings: Settings) -> dict[str, Any]:
    return {
        "settings": settings.training_settings().model_dump_json(),
        "max_latency_ms": settings.serving.max_latency_ms or 0.0,
        "max_megabytes": settings.serving.max_megabytes or 0.0,
        "tflite": settings.push.tflite_precision or "",
        "tflite_max_loss": settings.push.tflite_max_loss if settings.push.tflite_precision else 0.0,
    }


def _pusher(settings: Settings, context: RunContext) -> dict[str, Any]:
    folder = pusher_pb2.PushDestination.Filesystem(base_directory=context.serves_from)
    facts = collect_facts(
        settings.model_dump(mode="json"),
        context.run_id,
        [span.name for span in context.source.spans],
        context.classes,
        context.warm_start,
    )
    return {
        "push_destination": pusher_pb2.PushDestination(filesystem=folder),
        "custom_config": {
            "run_id": context.run_id,
            "push": settings.push.model_dump(mode="json"),
            "facts": facts,
        },
    }
