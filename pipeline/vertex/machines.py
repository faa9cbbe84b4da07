"""Rules for the machine of the Trainer's custom job: machine types, accelerators and strategy."""

import re
import warnings
from collections.abc import Iterator

from pipeline.settings.settings import Settings
from pipeline.settings.vertex import TrainerMachine

# TPU v5e machines and their topologies (Vertex AI, "Training with TPU accelerators").
_V5E_TOPOLOGIES = {"ct5lp-hightpu-1t": "1x1", "ct5lp-hightpu-4t": "2x2", "ct5lp-hightpu-8t": "2x4"}
_TPU_V2_V3 = ("TPU_V2", "TPU_V3")
_TPU_CORES = 8
# Machine families that take each GPU; the number of GPUs of an A2 or G2 machine is fixed.
_GPU_MACHINES = {
    "NVIDIA_TESLA_T4": ("n1-",),
    "NVIDIA_TESLA_V100": ("n1-",),
    "NVIDIA_TESLA_P100": ("n1-",),
    "NVIDIA_TESLA_P4": ("n1-",),
    "NVIDIA_L4": ("g2-",),
    "NVIDIA_TESLA_A100": ("a2-highgpu-", "a2-megagpu-"),
    "NVIDIA_A100_80GB": ("a2-ultragpu-",),
    "NVIDIA_H100_80GB": ("a3-",),
}
_A2 = re.compile(r"a2-\w+gpu-(\d+)g")
_G2 = re.compile(r"g2-standard-(\d+)")
# GPUs of a G2 machine by its number of vCPUs; the others have one.
_G2_COUNTS = {"24": 2, "48": 4, "96": 8}
_MACHINE_TYPE = re.compile(r"[a-z]+\d[a-z]?-[a-z]+(-\d+)?")


def check_machine(machine: TrainerMachine) -> Iterator[str]:
    """Yields the problems of the custom job's machine."""
    machine_type, accelerator = machine.machine_type, machine.accelerator_type
    v5e = ", ".join(_V5E_TOPOLOGIES)
    if accelerator is not None and accelerator not in accelerators():
        yield (
            f"vertex.trainer.accelerator_type: unknown accelerator {accelerator!r}; Vertex AI has "
            f"{', '.join(sorted(accelerators()))}"
        )
    elif machine_type in _V5E_TOPOLOGIES:
        yield from _check_v5e(machine)
    elif machine_type == "cloud-tpu" or accelerator in _TPU_V2_V3:
        yield from _check_v2_v3(machine)
    elif machine_type.startswith("ct"):
        yield f"vertex.trainer.machine_type: unknown TPU machine {machine_type!r}; there are {v5e}"
    elif machine.tpu_topology:
        yield f"vertex.trainer.tpu_topology is for {v5e} only, and machine_type is {machine_type}"
    elif accelerator:
        yield from _check_gpu(machine)
    elif machine.accelerator_count:
        yield "vertex.trainer.accelerator_count requires vertex.trainer.accelerator_type"
    elif not _MACHINE_TYPE.fullmatch(machine_type):
        yield f"vertex.trainer.machine_type must be one such as n1-standard-8, got {machine_type!r}"


def check_strategy(settings: Settings) -> Iterator[str]:
    """Yields the problems of a `trainer.strategy` that does not match the Trainer's machine."""
    machine, strategy = settings.vertex.trainer, settings.trainer.strategy
    device = "cpu"
    if machine and (machine.machine_type in _V5E_TOPOLOGIES or machine.machine_type == "cloud-tpu"):
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


def accelerators() -> set[str]:
    """Returns the accelerator types that Vertex AI's client knows."""
    with warnings.catch_warnings():
        # Google's libraries warn about the age of Python 3.11.
        warnings.simplefilter("ignore", FutureWarning)
        from google.cloud.aiplatform_v1.types import AcceleratorType
    return {kind.name for kind in AcceleratorType} - {"ACCELERATOR_TYPE_UNSPECIFIED"}


def _check_v5e(machine: TrainerMachine) -> Iterator[str]:
    machine_type, topology = machine.machine_type, machine.tpu_topology
    if topology != (expected := _V5E_TOPOLOGIES[machine_type]):
        yield f"vertex.trainer.tpu_topology of {machine_type} must be {expected}, got {topology!r}"
    if machine.accelerator_type or machine.accelerator_count:
        yield f"vertex.trainer: {machine_type} takes no accelerator_type or count"


def _check_v2_v3(machine: TrainerMachine) -> Iterator[str]:
    if machine.machine_type != "cloud-tpu" or machine.accelerator_type not in _TPU_V2_V3:
        yield (
            "vertex.trainer: a TPU v2 or v3 needs machine_type cloud-tpu with accelerator_type "
            f"TPU_V2 or TPU_V3, got {machine.machine_type} with {machine.accelerator_type}"
        )
    elif machine.accelerator_count != _TPU_CORES:
        yield (
            f"vertex.trainer.accelerator_count of a TPU v2 or v3 must be {_TPU_CORES}, its number "
            f"of cores, got {machine.accelerator_count}"
        )
    if machine.tpu_topology:
        yield "vertex.trainer.tpu_topology is for a TPU v5e only; remove it"


def _check_gpu(machine: TrainerMachine) -> Iterator[str]:
    machine_type, accelerator = machine.machine_type, str(machine.accelerator_type)
    count = machine.accelerator_count
    families = _GPU_MACHINES.get(accelerator)
    if families and not machine_type.startswith(families):
        yield (
            f"vertex.trainer: {accelerator} requires a machine_type that starts with "
            f"{' or '.join(families)}, got {machine_type}"
        )
    if count < 1:
        yield "vertex.trainer.accelerator_count must be 1 or more"
    a2, g2 = _A2.fullmatch(machine_type), _G2.fullmatch(machine_type)
    fixed = int(a2[1]) if a2 else _G2_COUNTS.get(g2[1], 1) if g2 else count
    if count != fixed:
        yield f"vertex.trainer.accelerator_count of {machine_type} must be {fixed}, got {count}"
