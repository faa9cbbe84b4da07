import json

from components.gate.driver import main
from components.model_store.base import model_digest


def test_the_driver_writes_the_serving_model_as_the_baseline(tmp_path):
    for folder in (tmp_path / "model" / "Format-Serving", tmp_path / "serving" / "3"):
        folder.mkdir(parents=True)
        (folder / "saved_model.pb").write_text(str(folder))
    output = tmp_path / "task" / "executor_output.json"
    task = {
        "inputs": {
            "artifacts": {"model": {"artifacts": [{"uri": str(tmp_path / "model")}]}},
            "parameterValues": {"baseline_path": str(tmp_path / "serving")},
        },
        "outputs": {"outputFile": str(output)},
    }
    main(json.dumps(task))
    path = str(tmp_path / "serving" / "3")
    assert json.loads(output.read_text())["parameterValues"] == {
        "baseline_version": 3,
        "baseline_path": path,
        "baseline_digest": model_digest(path),
    }
