import json

import pytest

from components.history_files import (
    REFUSAL_FILE,
    attempt_id,
    history_folder,
    read_refusal,
    refuse_data,
)
from data.common.errors import DataRefused


@pytest.mark.parametrize("attempt", [1, 2, 11])
def test_all_attempts_of_a_local_run_share_its_folder(attempt):
    uri = "/root/artifacts/artifacts/ExampleGen/quarantine/3"
    run_id = attempt_id("20260102-030405-abc", attempt)
    assert history_folder(uri, run_id) == "/root/artifacts/history/20260102-030405-abc"


def test_each_attempt_has_its_own_id():
    assert [attempt_id("run", number) for number in (1, 2)] == ["run", "run.2"]


def test_on_vertex_the_run_is_the_job():
    uri = "gs://bucket/root/artifacts/123/flowers-20260102/ExampleGen_-45/quarantine"
    assert history_folder(uri, None) == "gs://bucket/root/history/flowers-20260102"


def test_the_reasons_of_a_refusal_are_written_and_raised(tmp_path):
    with pytest.raises(DataRefused, match=r"^first\nsecond$"):
        refuse_data(["first", "second"], "DataGate", str(tmp_path / "history" / "run"))
    written = json.loads((tmp_path / "history" / "run" / REFUSAL_FILE).read_text())
    assert written == {"step": "DataGate", "reasons": ["first", "second"]}


@pytest.mark.parametrize("scheme", ["", "ram://"])
def test_only_the_step_that_wrote_a_refusal_has_refused_the_data(tmp_path, scheme):
    folder = f"{scheme}{tmp_path}"
    assert read_refusal(folder, "DataGate") is None
    with pytest.raises(DataRefused):
        refuse_data(["a", "b"], "DataGate", folder)
    assert str(read_refusal(folder, "DataGate")) == "a\nb"
    assert read_refusal(folder, "Trainer") is None
