import importlib.util
import os
from importlib import metadata
from pathlib import Path

import pytest

from pipeline.diagnostics import doctor


def test_this_machine_can_run_the_pipeline(tmp_path):
    findings = list(doctor.examine(tmp_path / "not" / "there"))
    assert [f.format() for f in findings if f.state == "bad"] == []
    found = {finding.subject: finding.found for finding in findings}
    assert found["TensorFlow"] == metadata.version("tensorflow")
    assert "CPU cores" in found["devices"]


def test_wrong_and_missing_packages_are_reported_with_the_remedy(monkeypatch):
    monkeypatch.setattr(metadata, "requires", lambda _: ["numpy==0.1", "no-such-package", "rich"])
    (finding,) = [doctor._packages()]
    assert finding.state == "bad"
    assert f"numpy is {metadata.version('numpy')}, not ==0.1" in finding.found
    assert "no-such-package is missing" in finding.found
    assert "rich" not in finding.found
    assert "make clean setup" in finding.format()


@pytest.mark.parametrize(
    ("limit", "check"),
    [
        ("_DISK_NEEDED", lambda root: doctor._disk(root)),
        ("_MEMORY_NEEDED", lambda _: doctor._memory()),
    ],
)
def test_too_little_disk_space_or_memory_is_bad(monkeypatch, tmp_path, limit, check):
    monkeypatch.setattr(doctor, limit, 10**18)
    finding = check(tmp_path)
    assert finding.state == "bad"
    assert finding.remedy


def test_a_tensorflow_that_cannot_be_imported_is_bad(monkeypatch):
    monkeypatch.setattr(doctor, "_TENSORFLOW_PROBE", "raise SystemError('no AVX')")
    (finding,) = doctor._tensorflow()
    assert finding.state == "bad"
    assert "SystemError: no AVX" in finding.found


@pytest.mark.parametrize(
    ("libtpu", "mode", "state", "said"),
    [
        (False, 0o600, "note", "tensorflow-tpu==2.16.2 instead of tensorflow"),
        (True, 0o600, "ok", "TPU with 2 chips"),
        (True, 0o000, "note", "this user may not open"),
    ],
)
def test_a_tpu_is_reported_with_what_it_lacks(monkeypatch, tmp_path, libtpu, mode, state, said):
    """Of a v5e, whose chips are files in /dev/vfio."""
    chips = [tmp_path / "vfio" / name for name in ("0", "1")]
    chips[0].parent.mkdir()
    for chip in chips:
        chip.touch(mode)
    monkeypatch.setattr(doctor, "tpu_files", lambda: chips)
    # For root, every file is open.
    monkeypatch.setattr(os, "access", lambda path, _: bool(Path(path).stat().st_mode & 0o600))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: libtpu or None)
    finding = doctor._accelerators([])
    assert finding.state == state
    assert said in finding.format()
    assert "TPU with 2 chips" in finding.found
