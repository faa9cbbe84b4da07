"""The Pusher component: TFX's, with a push that is atomic and idempotent."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfx import types
from tfx.components.pusher import component
from tfx.components.pusher import executor as pusher_executor
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.proto import pusher_pb2
from tfx.types import artifact_utils
from tfx.utils import proto_utils

from components.gate.executor import read_metrics, read_verdict
from components.model_store.bucket import model_digest, push_to_bucket
from components.model_store.local import Pushed, push
from components.pusher.card import model_card
from components.pusher.settings import SCHEME, EndpointPlace, PushSettings
from components.serving_check.result import SmokeCase
from components.serving_check.result_files import read_smoke


class Executor(pusher_executor.Executor):
    """Pushes a blessed model to a folder, here or in a bucket, or to an endpoint of Vertex AI.

    TFX's own executor numbers versions by whole seconds, so that the second of two pushes in one
    second is lost without a word, and copies straight into the folder that TF Serving watches.
    """

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes the model if every blessing among the inputs says so.

        Raises:
          RuntimeError: it is not the model that was evaluated.
        """
        artifact = artifact_utils.get_single_instance(output_dict["pushed_model"])
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(artifact)
            return
        destination = proto_utils.json_to_proto(
            exec_properties["push_destination"], pusher_pb2.PushDestination()
        )
        folder = destination.filesystem.base_directory
        blessing = artifact_utils.get_single_uri(input_dict["model_blessing"])
        verdict, model = read_verdict(blessing), self.GetModelPath(input_dict)
        if model_digest(model) != verdict.digest:
            raise RuntimeError(f"{model} is not the model that was evaluated: its files changed")
        config = json.loads(exec_properties["custom_config"])
        settings = PushSettings.model_validate(config["push"])
        card = model_card(verdict, read_metrics(blessing), config["facts"])
        if folder.startswith(SCHEME):
            smoke = read_smoke(artifact_utils.get_single_uri(input_dict["infra_blessing"]))
            pushed = _to_endpoint(model, folder, settings, smoke)
        elif "://" in folder:
            pushed = push_to_bucket(model, folder, card, settings.keep)
        else:
            pushed = push(Path(model), Path(folder), card=card, keep=settings.keep)
        if pushed.withdrawn:
            self._MarkNotPushed(artifact)
            artifact.set_int_custom_property("withdrawn", pushed.version)
            return
        self._MarkPushed(artifact, pushed.path, str(pushed.version))
        artifact.set_string_custom_property("digest", pushed.digest)
        artifact.set_int_custom_property("new", int(pushed.new))


def _to_endpoint(
    model: str, url: str, settings: PushSettings, smoke: Sequence[SmokeCase]
) -> Pushed:
    # Google's client takes seconds to import, and few need it.
    from components.model_store.endpoint import push_to_endpoint

    return push_to_endpoint(model, EndpointPlace.of(url), settings.endpoint, smoke)


class AtomicPusher(component.Pusher):
    """TFX's Pusher with the executor above.

    Outputs:
      pushed_model: a PushedModel with the properties `pushed`, `pushed_destination`,
        `pushed_version`, `digest`, and `new`: 0 where the model served already. Where it was
        withdrawn, `withdrawn` is the version that it had.
    """

    EXECUTOR_SPEC = ExecutorClassSpec(Executor)
