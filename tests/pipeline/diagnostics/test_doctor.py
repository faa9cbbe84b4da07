import importlib.util
import os
import platform
from importlib import metadata
from pathlib import Path

import pytest

from pipeline.compat import this_python
from pipeline.diagnostics import doctor


def test_this_machine_can_run_the_pipeline(tmp_path):
    findings = list(doctor.examine(tmp_path / "not" / "there"))
    assert [f.format() for f in findings if f.state == "bad"] == []
    found = {finding.subject: finding.found for finding in findings}
    assert found["TensorFlow"] == metadata.version("tensorflow")
    assert "CPU cores" in found["devices"]


@pytest.mark.parametrize(
    ("python", "glibc", "subject", "state", "said"),
    [
        ("3.11", "2.36", "Python", "ok", "the line of TFX 1.16 with TensorFlow 2.16"),
        ("3.13", "2.41", "Python", "ok", "the line of TFX 1.21 with TensorFlow 2.21"),
        ("3.14", "2.41", "Python", "bad", "3.11 with glibc 2.28, or 3.12 or 3.13 with glibc 2.39"),
        ("3.11", "2.36", "system", "ok", "glibc 2.36"),
        ("3.12", "2.39", "system", "ok", "glibc 2.39"),
        ("3.12", "2.36", "system", "bad", "make clean setup PYTHON=3.11, for TFX 1.16"),
        ("3.11", "2.17", "system", "bad", "use Debian 12 or Ubuntu 22.04, or newer: TFX 1.16"),
    ],
)
def test_python_and_system_fit_a_line(monkeypatch, python, glibc, subject, state, said):
    monkeypatch.setattr(doctor, "this_python", lambda: python)
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", glibc))
    finding = doctor._python() if subject == "Python" else doctor._system()
    assert (finding.state, finding.subject) == (state, subject)
    assert said in finding.format()


def test_packages_of_the_other_line_are_not_missing(monkeypatch):
    needs = ["no-such-package; python_version < '3'", "no-such-extra; extra == 'gpu'", "rich"]
    monkeypatch.setattr(metadata, "requires", lambda _: needs)
    assert doctor._packages().state == "ok"


def test_wrong_and_missing_packages_are_reported_with_the_remedy(monkeypatch):
    monkeypatch.setattr(metadata, "requires", lambda _: ["numpy==0.1", "no-such-package", "rich"])
    (finding,) = [doctor._packages()]
    assert finding.state == "bad"
    assert f"numpy is {metadata.version('numpy')}, not ==0.1" in finding.found
    assert "no-such-package is missing" in finding.found
    assert "rich" not in finding.found
    assert f"make clean setup PYTHON={this_python()}" in finding.format()


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


@pytest.mark.parametrize(
    "probe",
    [
        "raise SystemError('no AVX')",
        "import os; os.write(2, b'F0 no AVX\\n*** Trace: ***\\n @ 0x7f Die()'); os.abort()",
    ],
)
def test_a_tensorflow_that_cannot_be_imported_is_bad(monkeypatch, probe):
    """TensorFlow 2.21 prints a stack trace after the cause."""
    monkeypatch.setattr(doctor, "_TENSORFLOW_PROBE", probe)
    (finding,) = doctor._tensorflow()
    assert finding.state == "bad"
    assert finding.found.endswith(" no AVX")


@pytest.mark.parametrize(
    ("python", "libtpu", "mode", "state", "said"),
    [
        ("3.11", False, 0o600, "note", "tensorflow-tpu==2.16.2 instead of tensorflow"),
        ("3.13", False, 0o600, "note", "PYTHON=3.11: only TFX 1.16 with TensorFlow 2.16 has a"),
        ("3.11", True, 0o600, "ok", "TPU with 2 chips"),
        ("3.11", True, 0o000, "note", "this user may not open"),
    ],
)
def test_a_tpu_is_reported_with_what_it_lacks(
    monkeypatch, tmp_path, python, libtpu, mode, state, said
):
    """Of a v5e, whose chips are files in /dev/vfio."""
    monkeypatch.setattr(doctor, "this_python", lambda: python)
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
