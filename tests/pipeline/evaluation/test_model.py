import pytest

from data.common.errors import UsageError
from pipeline.evaluation.model import find_model
from pipeline.history.runs import History


def test_the_serving_version_is_the_default_and_its_run_is_found(root):
    model = find_model(root)
    assert (model.version, model.run.run_id, str(model)) == (1, "20261101-000000", "version 1")
    assert model.features["image"] == "image"


def test_a_withdrawn_version_can_be_evaluated(root):
    (root / "withdrawn").mkdir()
    (root / "serving" / "1").rename(root / "withdrawn" / "1")
    assert find_model(root, version=1).version == 1
    with pytest.raises(UsageError, match="no model was pushed"):
        find_model(root)


def test_the_model_of_a_run_can_be_evaluated_until_it_is_cleaned(root):
    history = History(root)
    (run,) = history.runs()
    run.model_uri = str(root / "artifacts" / "model")
    history.save(run)
    with pytest.raises(UsageError, match="is gone; `flowers clean` removes"):
        find_model(root, run_id=run.run_id)
    (root / "artifacts" / "model").mkdir(parents=True)
    (root / "serving" / "1").rename(root / "artifacts" / "model" / "Format-Serving")
    model = find_model(root, run_id=run.run_id)
    assert (model.version, str(model)) == (None, "the model of run 20261101-000000")
    moved = root.rename(root.with_name("moved"))
    assert find_model(moved, run_id=run.run_id).digest == model.digest


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"version": 7}, "--version: .* has no version 7; there are: 1"),
        ({"run_id": "x"}, "has no run x with a trained model"),
        ({"version": 1, "run_id": "x"}, "exclude each other"),
    ],
)
def test_models_that_do_not_exist_are_named_with_those_that_do(root, options, message):
    with pytest.raises(UsageError, match=message):
        find_model(root, **options)
