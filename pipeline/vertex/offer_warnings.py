"""Warnings of `flowers vertex check`: settings of which it does not know whether they work."""

import re
from collections.abc import Iterator

from pipeline.settings.settings import Settings
from pipeline.settings.vertex import TrainerMachine
from pipeline.vertex.image_libraries import trainer_tensorflow
from pipeline.vertex.machines import is_tpu
from pipeline.vertex.offers import OFFERS_FILE, load_offers

_SERVING_IMAGE = re.compile(
    r"[a-z]+-docker\.pkg\.dev/vertex-ai/prediction/tf2-\w+\.(\d+)-(\d+):\w+"
)


def find_vertex_warnings(settings: Settings) -> list[str]:
    """Returns the warnings, one per line, each with the settings key that it is about."""
    vertex, endpoint = settings.vertex, settings.push.endpoint
    machines = {}
    if vertex.trainer:
        machines["vertex.trainer.machine_type"] = vertex.trainer.machine_type
    if settings.push.to == "vertex-endpoint":
        machines["push.endpoint.machine_type"] = endpoint.machine_type
    return [
        *_unknown("vertex.region", vertex.region, load_offers().regions),
        *(w for key, value in machines.items() for w in _unknown(key, value, _machine_types())),
        *(_warn_of_trainer(vertex.trainer, vertex.region) if vertex.trainer else ()),
        *(_warn_of_image(settings) if settings.push.to == "vertex-endpoint" else ()),
    ]


def _machine_types() -> set[str]:
    offers = load_offers()
    return {"cloud-tpu", *offers.gpu_machines, *offers.cpu_machines, *offers.v5e_machines}


def _unknown(key: str, value: str, known: set[str] | frozenset[str]) -> Iterator[str]:
    if value not in known:
        yield f"{key}: {value} is not among those of {load_offers().as_of} in {OFFERS_FILE}"


def _warn_of_trainer(machine: TrainerMachine, region: str) -> Iterator[str]:
    """Yields warnings of a TPU in another region, and of a GPU on a machine that is too large."""
    offers, accelerator = load_offers(), machine.accelerator_type or ""
    if is_tpu(machine):
        regions = offers.tpu_regions.get(accelerator or "v5e", [])
        if regions and region not in regions:
            name = accelerator.replace("TPU_V", "TPU v") or "TPU v5e"
            yield f"vertex.region: {region} may have no {name}; known regions: {', '.join(regions)}"
    most = offers.n1_gpus.get(accelerator, {}).get(machine.accelerator_count)
    vcpus = re.fullmatch(r"n1-\w+-(\d+)", machine.machine_type)
    if most and vcpus and int(vcpus[1]) > most:
        yield (
            f"vertex.trainer.machine_type: {machine.machine_type} may have too many vCPUs for "
            f"{machine.accelerator_count} x {accelerator}, which takes up to {most}"
        )


def _warn_of_image(settings: Settings) -> Iterator[str]:
    """Yields warnings of one of Google's images that is old, or older than the model."""
    found = _SERVING_IMAGE.fullmatch(settings.push.endpoint.image)
    if not found:
        return
    newest, version = load_offers().serving_image, f"{found[1]}.{found[2]}"
    if version == newest.tensorflow:
        yield (
            f"push.endpoint.image: Google patches its image for TensorFlow {version}, the newest, "
            f"until {newest.patched_until} and removes it after {newest.available_until}"
        )
    else:
        yield (
            f"push.endpoint.image: the newest of Google's images of {load_offers().as_of} is for "
            f"TensorFlow {newest.tensorflow}; whether the one for {version} serves models of "
            f"{trainer_tensorflow(settings.vertex)} is not known"
        )
