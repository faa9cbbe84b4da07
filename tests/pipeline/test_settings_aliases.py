import pytest

from data.common.errors import UsageError
from pipeline.settings.loading import load_settings
from pipeline.settings.settings import Settings


@pytest.fixture
def load(tmp_path):
    """Returns a function that loads settings from YAML text and overrides."""

    def load(text: str, *overrides: str) -> Settings:
        file = tmp_path / "mine.yaml"
        file.write_text(text)
        return load_settings(str(file), overrides)

    return load


@pytest.mark.parametrize(
    ("text", "overrides", "target"),
    [
        ("evaluator: {target: 0.5}", [], 0.5),
        ("gate: {target: 0.7}", ["evaluator.target=0.5"], 0.5),
        ("evaluator: {target: 0.7}", ["gate.target=0.5"], 0.5),
        ("evaluator: {target: 0.7}", ["evaluator.target=0.5"], 0.5),
        ("gate: {target: 0.7}", ["evaluator={target: 0.5}"], 0.5),
        ("evaluator: {min_examples: 3}\ngate: {target: 0.5}", [], 0.5),
        ("evaluator:\ngate: {target: 0.5}", [], 0.5),
        ("gate:\nevaluator: {target: 0.5}", [], 0.5),
        ("evaluator: null", [], 0.8),
    ],
)
def test_evaluator_is_another_name_of_gate(load, text, overrides, target):
    assert load(text, *overrides).gate.target == target


@pytest.mark.parametrize(
    ("text", "overrides", "message"),
    [
        (
            "evaluator: {target: 0.5}\ngate: {target: 0.5}",
            [],
            "evaluator is the old name of gate, and both set target; keep gate.target",
        ),
        (
            "",
            ["evaluator.target=0.5", "gate.target=0.5"],
            "--set: evaluator.target is the old name of gate.target; set only gate.target",
        ),
        ("evaluator: 3", [], "evaluator, the old name of gate, must be a section, got 3"),
        ("evaluator: false", [], "evaluator, the old name of gate, must be a section, got False"),
        ("evaluator: {target: 0.5}\ngate: 3", [], "gate: must be a section with keys.*3"),
        ("evaluator: {target: high}", [], "gate.target: .*got 'high'"),
        ("", ["evaluator.target=2"], "gate.target: .*got 2"),
        ("evaluator: {targt: 0.5}", [], "gate.targt: unknown key; did you mean gate.target"),
        ("", ["evaluator.targt=0.5"], "gate.targt: unknown key; did you mean gate.target"),
    ],
)
def test_errors_of_the_old_name_give_the_current_name(load, text, overrides, message):
    with pytest.raises(UsageError, match=message):
        load(text, *overrides)
