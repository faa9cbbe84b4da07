"""Rules for the machine of the Trainer's custom job: machine types, accelerators and strategy."""

import re
import warnings
from collections.abc import Iterator

from pipeline.settings.settings import Settings
from pipeline.settings.vertex import TrainerMachine
from pipeline.vertex.offers import load_offers

_TPU_V2_V3 = ("TPU_V2", "TPU_V3")
_TPU_CORES = 8
_MACHINE_TYPE = re.compile(r"[a-z]+\d+[a-z]*-[a-z]+(-\d+[a-z]*)?")


def check_machine(machine: TrainerMachine) -> Iterator[str]:
    """Yields the problems of the custom job's machine."""
    machine_type, accelerator = machine.machine_type, machine.accelerator_type
    offers = load_offers()
    v5e = ", ".join(offers.v5e_machines)
    if machine_type.startswith(offers.tpus_without_tensorflow):
        yield (
            f"vertex.trainer.machine_type: {machine_type} has no TensorFlow on Vertex AI, like "
            f"all TPUs since v6e; the newest TPU with it is v5e, with the machine types {v5e}"
        )
    elif accelerator is not None and accelerator not in accelerators():
        yield (
            f"vertex.trainer.accelerator_type: unknown accelerator {accelerator!r}; Vertex AI has "
            f"{', '.join(sorted(accelerators()))}"
        )
    elif machine_type in offers.v5e_machines:
        yield from _check_v5e(machine)
    elif machine_type == "cloud-tpu" or (accelerator or "").startswith("TPU_"):
        yield from _check_v2_v3(machine)
    elif machine_type.startswith("ct"):
        yield f"vertex.trainer.machine_type: unknown TPU machine {machine_type!r}; there are {v5e}"
    elif machine.tpu_topology:
        yield f"vertex.trainer.tpu_topology is for {v5e} only, and machine_type is {machine_type}"
    elif not _MACHINE_TYPE.fullmatch(machine_type):
        yield f"vertex.trainer.machine_type must be one such as n1-standard-8, got {machine_type!r}"
    elif machine_type in offers.gpu_machines:
        yield from _check_own_gpu(machine)
    elif accelerator:
        yield from _check_attached_gpu(machine)
    elif machine.accelerator_count:
        yield "vertex.trainer.accelerator_count requires vertex.trainer.accelerator_type"


def check_strategy(settings: Settings) -> Iterator[str]:
    """Yields the problems of a `trainer.strategy` that does not match the Trainer's machine."""
    machine, strategy = settings.vertex.trainer, settings.trainer.strategy
    device = "cpu"
    if machine and is_tpu(machine):
        device = "tpu"
    elif machine and machine.accelerator_type:
        device = "gpu"
    if strategy in ("tpu", "gpu") and strategy != device:
        yield f"trainer.strategy is {strategy}, but the Trainer runs on a {device}"
    if device != "cpu" and strategy != device:
        yield (
            f"trainer.strategy is {strategy}, but vertex.trainer is a {device}: set it to "
            f"{device}, so that training on anything else is an error"
        )


def is_tpu(machine: TrainerMachine) -> bool:
    """Returns whether a machine has a TPU."""
    return machine.machine_type == "cloud-tpu" or machine.machine_type in load_offers().v5e_machines


def accelerators() -> set[str]:
    """Returns the accelerator types that Vertex AI's client knows."""
    with warnings.catch_warnings():
        # Google's libraries warn about the age of Python 3.11.
        warnings.simplefilter("ignore", FutureWarning)
        from google.cloud.aiplatform_v1.types import AcceleratorType
    return {kind.name for kind in AcceleratorType} - {"ACCELERATOR_TYPE_UNSPECIFIED"}


def _check_v5e(machine: TrainerMachine) -> Iterator[str]:
    machine_type, topology = machine.machine_type, machine.tpu_topology
    if topology != (expected := load_offers().v5e_machines[machine_type]):
        yield f"vertex.trainer.tpu_topology of {machine_type} must be {expected}, got {topology!r}"
    if machine.accelerator_type or machine.accelerator_count:
        yield f"vertex.trainer: {machine_type} takes no accelerator_type or count"


def _check_v2_v3(machine: TrainerMachine) -> Iterator[str]:
    if machine.machine_type != "cloud-tpu" or machine.accelerator_type not in _TPU_V2_V3:
        yield (
            "vertex.trainer: a TPU v2 or v3 needs machine_type cloud-tpu with accelerator_type "
            "TPU_V2 or TPU_V3, and a TPU v5e one of "
            f"{', '.join(load_offers().v5e_machines)} with tpu_topology; got "
            f"{machine.machine_type} with {machine.accelerator_type}"
        )
    elif machine.accelerator_count != _TPU_CORES:
        yield (
            f"vertex.trainer.accelerator_count of a TPU v2 or v3 must be {_TPU_CORES}, its number "
            f"of cores, got {machine.accelerator_count}"
        )
    if machine.tpu_topology:
        yield "vertex.trainer.tpu_topology is for a TPU v5e only; remove it"


def _check_own_gpu(machine: TrainerMachine) -> Iterator[str]:
    """Yields the problem of a machine type whose GPUs are given in another number or kind."""
    kind, count = load_offers().gpu_machines[machine.machine_type]
    if machine.accelerator_type != kind:
        yield (
            f"vertex.trainer.accelerator_type of {machine.machine_type} must be {kind}, "
            f"got {machine.accelerator_type}"
        )
    if machine.accelerator_count != count:
        yield (
            f"vertex.trainer.accelerator_count of {machine.machine_type} must be {count}, "
            f"got {machine.accelerator_count}"
        )


def _check_attached_gpu(machine: TrainerMachine) -> Iterator[str]:
    """Yields the problems of a GPU that is attached to a machine type without its own."""
    offers, kind = load_offers(), str(machine.accelerator_type)
    counts = offers.n1_gpus.get(kind)
    if machine.machine_type in offers.cpu_machines and not (
        counts and machine.machine_type.startswith("n1-")
    ):
        needed = "one that starts with n1-" if counts else ", ".join(offers.machines_with(kind))
        yield (
            f"vertex.trainer.machine_type: {kind} requires {needed or 'another machine type'}, "
            f"got {machine.machine_type}"
        )
    elif machine.accelerator_count < 1:
        yield "vertex.trainer.accelerator_count must be 1 or more"
    elif counts and machine.accelerator_count not in counts:
        yield (
            f"vertex.trainer.accelerator_count of {kind} must be one of "
            f"{', '.join(map(str, counts))}, got {machine.accelerator_count}"
        )
