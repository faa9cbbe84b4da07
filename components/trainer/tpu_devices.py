"""The device files of a TPU; importing this module does not import TensorFlow."""

from pathlib import Path

_GOOGLE = "0x1ae0"


def tpu_files(system: Path = Path("/")) -> list[Path]:
    """Returns the files of this machine's TPU chips, sorted; empty if it has none.

    They are `/dev/accel*`, and `/dev/vfio/<group>` on newer TPU VMs (v5e and later). VFIO also
    hands other devices to virtual machines, so a group counts only if it contains a device of
    Google. In a container that does not show the groups, all of them count.

    Args:
      system: The root of the file system.
    """
    groups = [path for path in (system / "dev/vfio").glob("[0-9]*") if _is_tpu(system, path.name)]
    return sorted([*(system / "dev").glob("accel[0-9]*"), *groups])


def _is_tpu(system: Path, group: str) -> bool:
    vendors = (system / "sys/kernel/iommu_groups" / group).glob("devices/*/vendor")
    found = {file.read_text(encoding="ascii").strip() for file in vendors}
    return not found or _GOOGLE in found
