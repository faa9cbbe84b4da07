"""ExampleGen with and without further processes, which a run starts for much data."""

from pathlib import Path

from components.example_gen import processes
from data.synthetic import write_sample
from pipeline.local import execution


def test_processes_write_what_one_process_writes(flowers, tmp_path, monkeypatch):
    write_sample(tmp_path / "records", count=120, shards=3, pixels=32)
    damaged = sorted((tmp_path / "records").glob("*.tfrec*"))[1]
    damaged.write_bytes(damaged.read_bytes()[:-9])
    run = ("run", "--data", tmp_path / "records", "--until", "ExampleGen")
    run = (*run, "--set", "data.broken_file=keep_before", "--set", "data.split_salt=1")
    made, create = [], processes.Processes
    monkeypatch.setattr(processes, "Processes", lambda n: made.append(create(n)) or made[-1])
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(2))
    assert flowers(*run, "--root", tmp_path / "alone").code == 0
    assert not made
    monkeypatch.setattr(execution, "_LARGE", 0)
    assert flowers(*run, "--root", tmp_path / "together").code == 0
    assert len(made) == 1
    assert processes.started() is None
    written = [_files(tmp_path / root) for root in ("alone", "together")]
    assert written[0] == written[1]
    assert any(name.endswith("counts.json") for name in written[0])


def _files(root: Path) -> dict[str, bytes]:
    """Returns the files that ExampleGen wrote, by path; ML Metadata numbers their folders alike."""
    folder = root / "artifacts" / "ExampleGen"
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "executor" not in str(path)
    }
