from dataclasses import asdict

import pytest
from tfx.types.standard_artifacts import ModelBlessing

from components.artifacts import write_json
from components.gate.summary import summarize
from components.gate.verdict import VERDICT_FILE, Verdict


@pytest.mark.parametrize("blessed", [True, False])
def test_the_summary_has_the_decision_and_the_verdict(tmp_path, blessed):
    verdict = Verdict(
        blessed=blessed, metric="accuracy", value=0.9, low=0.8, high=0.95, target=0.8, n=10,
        reasons=[] if blessed else ["too few to decide"],
    )  # fmt: skip
    blessing = ModelBlessing()
    blessing.uri = str(tmp_path)
    write_json(asdict(verdict), blessing.uri, VERDICT_FILE)
    summary = summarize({"blessing": [blessing]}, None)
    assert summary.text == ("passed" if blessed else "refused")
    assert summary.values == {"verdict": verdict}
