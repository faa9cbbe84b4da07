import matplotlib.image
import pytest

from components.trainer.training_report import TrainingReport
from pipeline.reporting.plots import draw_training


@pytest.mark.parametrize("number", [1, 4])
def test_the_training_plot_is_drawn(tmp_path, number):
    epoch = {"accuracy": 0.5, "val_accuracy": 0.4, "loss": 1, "val_loss": 2, "learning_rate": 0.1}
    report = TrainingReport("CPU", "", 1, 10, 2, best_epoch=1, epochs=[epoch] * number)
    draw_training(report, tmp_path / "training.png")
    pixels = matplotlib.image.imread(tmp_path / "training.png")
    assert pixels.shape[:2] == (350, 1200)
    # The plot is not blank.
    assert pixels[..., :3].min() < 0.1
