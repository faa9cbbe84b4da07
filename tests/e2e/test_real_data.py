"""The whole pipeline on real photographs: `pytest --real-data=DIR`."""

import pytest

from data.sources import list_files, resolve


@pytest.mark.slow
def test_real_records_reach_a_verdict(flowers, request, tmp_path):
    folder = request.config.getoption("--real-data")
    if not folder:
        pytest.skip("no --real-data=DIR was given")
    settings = ["transform.image_size=64", "trainer.epochs=4", "gate.target=0.3"]
    options = [option for setting in settings for option in ("--set", setting)]
    answer = flowers(
        "run", "--config", "squeezenet", "--data", folder, "--root", tmp_path, *options
    )
    assert answer.code == 0, answer.out
    (entry,) = flowers("runs", "--root", tmp_path, "--json").json()
    total = sum(int(file.rsplit("-", 1)[1].split(".")[0]) for file in list_files(resolve(folder)))
    assert sum(entry["examples"].values()) == total
    assert entry["examples"]["quarantined"] == 0
    assert entry["verdict"]["n"] == entry["examples"]["test"]
    assert entry["verdict"]["low"] < entry["verdict"]["value"] < entry["verdict"]["high"]
