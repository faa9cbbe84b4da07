"""The Pusher component: TFX's, with pushes that are atomic and idempotent."""

import json
from typing import Any

from tfx import types
from tfx.components.pusher import component
from tfx.components.pusher import executor as pusher_executor
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.proto import pusher_pb2
from tfx.types import artifact_utils
from tfx.utils import proto_utils

from components.gate.verdict import read_metrics, read_verdict
from components.model_store.base import model_digest
from components.model_store.exports import judged_file
from components.model_store.stores import open_store
from components.pusher.card import format_model_card
from components.pusher.settings import PushSettings
from components.serving_check.result_files import read_serving_check, read_smoke


class Executor(pusher_executor.Executor):
    """Pushes a blessed model to a local folder, a bucket, or an endpoint of Vertex AI.

    TFX's own executor numbers versions by whole seconds, so that the second of two pushes in one
    second is silently lost, and copies directly into the folder that TensorFlow Serving watches.
    """

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes the model if all input blessings allow it.

        Raises:
          RuntimeError: The model, or its TensorFlow Lite file, is not the one that was evaluated.
        """
        artifact = artifact_utils.get_single_instance(output_dict["pushed_model"])
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(artifact)
            return
        blessing = artifact_utils.get_single_uri(input_dict["model_blessing"])
        verdict, model = read_verdict(blessing), self.GetModelPath(input_dict)
        if model_digest(model) != verdict.digest:
            raise RuntimeError(f"{model} is not the model that was evaluated: its files changed")
        destination = proto_utils.json_to_proto(
            exec_properties["push_destination"], pusher_pb2.PushDestination()
        )
        config = json.loads(exec_properties["custom_config"])
        settings = PushSettings.model_validate(config["push"])
        store = open_store(destination.filesystem.base_directory, settings.endpoint)
        checked = artifact_utils.get_single_uri(input_dict["infra_blessing"])
        lite = read_serving_check(checked).lite
        lite_file = judged_file(checked, lite)
        pushed = store.push(
            model,
            card=format_model_card(verdict, read_metrics(blessing), config["facts"], lite),
            keep=settings.keep,
            smoke=read_smoke(checked),
            lite=lite_file,
        )
        if pushed.withdrawn:
            self._MarkNotPushed(artifact)
            artifact.set_int_custom_property("withdrawn", pushed.version)
            return
        self._MarkPushed(artifact, pushed.path, str(pushed.version))
        artifact.set_string_custom_property("digest", pushed.digest)
        artifact.set_int_custom_property("new", int(pushed.new))
        artifact.set_int_custom_property("newer", pushed.newer)
        artifact.set_int_custom_property("lite", int(bool(lite_file)))


class AtomicPusher(component.Pusher):
    """TFX's Pusher with the executor above.

    Outputs:
      pushed_model: A PushedModel with the properties `pushed`, `pushed_destination`,
        `pushed_version`, `digest`, `new`, which is 0 if the version already existed, and `newer`,
        the version that serves instead because of another push at the same time, or 0; `lite`,
        which is 1 if there is a TensorFlow Lite file. If the model was withdrawn, `withdrawn` is
        the number of its version.
    """

    EXECUTOR_SPEC = ExecutorClassSpec(Executor)
