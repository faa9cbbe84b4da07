"""A root with a served model that classifies images by their brightness."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from components.image_hashes import hash_images, write_seen
from components.model_store.base import model_digest
from pipeline.history.run import Run
from pipeline.history.runs import History
from tests.encoding import encode


def picture(grey: int) -> Image.Image:
    """Returns an image of a mean grey, with noise that no other image has."""
    noise = np.random.default_rng(grey).integers(-9, 10, [24, 32, 3])
    return Image.fromarray((grey + noise).clip(0, 255).astype(np.uint8))


@pytest.fixture
def photos(tmp_path: Path) -> Callable[..., Path]:
    """Returns a function that writes a folder per class, with the images of some greys."""

    def write(**classes: list[int]) -> Path:
        for name, greys in classes.items():
            (tmp_path / "photos" / name).mkdir(parents=True)
            for grey in greys:
                # PNGs, which the reader converts.
                picture(grey).save(tmp_path / "photos" / name / f"{grey}.png")
        return tmp_path / "photos"

    return write


@pytest.fixture
def root(tmp_path: Path, brightness_folder: str) -> Path:
    """A root whose version 1 has seen the images of the greys 20 and 230."""
    served = tmp_path / "root" / "serving" / "1"
    shutil.copytree(brightness_folder, served)
    # As the reader converts them.
    seen = [encode(picture(grey), "JPEG", quality=95) for grey in (20, 230)]
    write_seen(hash_images(seen), str(served))
    history = History(tmp_path / "root")
    trained = history.folder("20261101-000000")
    trained.mkdir(parents=True)
    history.save(
        Run(
            run_id="20261101-000000", started="2026-11-01T00:00:00+00:00", state="pushed",
            config="toy", settings={}, model="dense", pushed=1, digest=model_digest(served),
        )
    )  # fmt: skip
    return tmp_path / "root"
