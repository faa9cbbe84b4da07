"""Fixtures shared by the tests of the model stores."""

import pytest


@pytest.fixture
def model(tmp_path):
    """The folder of a SavedModel."""
    folder = tmp_path / "model"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_text("graph")
    (folder / "variables" / "variables.index").write_text("weights")
    return folder


@pytest.fixture
def serving(tmp_path):
    """The served folder, which does not exist yet."""
    return tmp_path / "serving"


@pytest.fixture
def retrain():
    """Returns a function that changes the weights of a model."""

    def change(model):
        weights = model / "variables" / "variables.index"
        weights.write_text(weights.read_text() + "+")

    return change
