import numpy as np

from components.gate.extra import ExtraCounts, count_extra
from components.predictions.table import PREDICTIONS, PREDICTIONS_FILE, table_writer


def test_only_unseen_images_of_the_extra_data_count(tmp_path):
    with table_writer(str(tmp_path), PREDICTIONS_FILE, PREDICTIONS, ["a", "b"]) as write:
        for split, seen in (("test", None), ("extra", [True, False] * 35)):
            write(
                {
                    "split": [split] * 70,
                    "id": [f"{split}{index}" for index in range(70)],
                    "class": [0] * 70,
                    # The answer is right for the first 40 images.
                    "probabilities": list(np.eye(2)[[0] * 40 + [1] * 30]),
                    **({"seen": seen} if seen else {}),
                }
            )
    assert count_extra(str(tmp_path)) == ExtraCounts(correct=20, examples=35, seen=35)
