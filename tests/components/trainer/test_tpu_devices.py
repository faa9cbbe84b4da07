import pytest

from components.trainer.tpu_devices import tpu_files


@pytest.fixture
def make_machine(tmp_path):
    """Returns a function that makes device files, and the vendors of VFIO groups."""

    def make(*files, vendors=()):
        for name in files:
            (tmp_path / "dev" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "dev" / name).touch()
        for group, vendor in dict(vendors).items():
            device = tmp_path / f"sys/kernel/iommu_groups/{group}/devices/0000:00:04.0"
            device.mkdir(parents=True)
            (device / "vendor").write_text(f"{vendor}\n")
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("files", "vendors", "chips"),
    [
        (["accel0", "accel1", "null"], {}, ["accel0", "accel1"]),
        # A v5e.
        (["vfio/0", "vfio/1", "vfio/vfio"], {"0": "0x1ae0", "1": "0x1ae0"}, ["vfio/0", "vfio/1"]),
        # A container without /sys.
        (["vfio/0", "vfio/vfio"], {}, ["vfio/0"]),
        # A GPU that is handed to a virtual machine.
        (["vfio/17", "vfio/vfio"], {"17": "0x10de"}, []),
        (["null"], {}, []),
    ],
)
def test_the_chips_of_a_tpu_are_found_by_their_device_files(make_machine, files, vendors, chips):
    system = make_machine(*files, vendors=vendors)
    assert tpu_files(system) == [system / "dev" / name for name in chips]
