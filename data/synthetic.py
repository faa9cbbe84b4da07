"""Synthetic flowers: seeded drawings with the classes and record layout of Google's flowers data.

No photographs are used. All pixels come from Python's `random` and Pillow's integer rasteriser, so
that this command rebuilds the embedded sample byte for byte:

    python -m data.synthetic --out data/sample
"""

import argparse
import io
import math
import random
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

from data.classes import write_labels
from data.flower_drawing import (
    Brush,
    circle,
    draw_bloom,
    draw_grass,
    draw_stem,
    sample_colour,
    shade_colour,
)
from data.flower_shapes import FLOWER_STYLES, TINTS
from data.records import encode_example, shard_name

CLASS_NAMES = tuple(FLOWER_STYLES)
PREFIX = "synthetic"

PIXELS = 128
SEED = 2019
QUALITY = 90

_OVERSAMPLING = 3
_BACKGROUND_TINTS = (*["green"] * 6, *["blue", "grey", "brown"] * 2, *TINTS)


def draw_flower(class_name: str, rng: random.Random, pixels: int) -> Image.Image:
    """Returns an RGB image of one synthetic flower, `pixels` wide; `rng` determines it.

    Raises:
      ValueError: The class does not exist.
    """
    if class_name not in FLOWER_STYLES:
        raise ValueError(f"class must be one of {', '.join(CLASS_NAMES)}, received {class_name!r}")
    style = rng.choice(FLOWER_STYLES[class_name])
    side = pixels * _OVERSAMPLING
    canvas = _draw_background(rng, side)
    brush = Brush(
        ImageDraw.Draw(canvas, "RGBA"),
        centre=(side * rng.uniform(0.42, 0.58), side * rng.uniform(0.42, 0.54)),
        radius=side * rng.uniform(0.33, 0.46),
        tilt=rng.uniform(*style.tilt),
        roll=math.radians(rng.uniform(-style.roll, style.roll)),
    )
    draw_stem(brush, style, rng)
    draw_bloom(brush, style, rng)
    draw_grass(brush.draw, rng, side, blades=rng.randint(0, 4))
    return _add_photo_effects(canvas, rng).reduce(_OVERSAMPLING)


def make_record(
    index: int, *, pixels: int = PIXELS, seed: int = SEED, quality: int = QUALITY
) -> bytes:
    """Returns image `index` of a sample as a serialized tf.train.Example, see `data.records`.

    It does not depend on other images; its class is `index` modulo 5.
    """
    class_id = index % len(CLASS_NAMES)
    image = draw_flower(CLASS_NAMES[class_id], random.Random(f"{seed}/{index}"), pixels)
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=quality)
    return encode_example(jpeg.getvalue(), class_id, CLASS_NAMES, image.size)


def assign_to_shards(count: int, shards: int, seed: int = SEED) -> list[list[int]]:
    """Returns the indices of the images of each shard, in the order in which they are written.

    Groups of five images, one of each class, are assigned round-robin; each shard is then shuffled.

    Raises:
      ValueError: A shard would lack a class.
    """
    classes = len(CLASS_NAMES)
    if shards < 1 or count < shards * classes:
        raise ValueError(
            f"shards must be 1 or more and count at least {classes} times that, "
            f"received shards={shards}, count={count}"
        )
    assigned = [[i for i in range(count) if i // classes % shards == s] for s in range(shards)]
    for shard, indices in enumerate(assigned):
        random.Random(f"{seed}/shard {shard}").shuffle(indices)
    return assigned


def write_sample(
    folder: Path,
    *,
    count: int = 600,
    shards: int = 4,
    pixels: int = PIXELS,
    seed: int = SEED,
    quality: int = QUALITY,
) -> list[Path]:
    """Writes shuffled TFRecord files with names like `synthetic00-150.tfrec`; returns their paths.

    Args:
      folder: Created if it does not exist; files of the same names are replaced.
      count: Total number of images.
      shards: Number of files; all are class-balanced if `count` is a multiple of 5 * `shards`.
      pixels: Side of an image, in pixels.
      seed: Determines every byte, together with the other arguments.
      quality: JPEG quality, 1 to 95.

    Raises:
      ValueError: A shard would lack a class.
    """
    assigned = assign_to_shards(count, shards, seed)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for shard, indices in enumerate(assigned):
        paths.append(folder / shard_name(PREFIX, shard, len(indices)))
        with tf.io.TFRecordWriter(str(paths[-1])) as writer:
            for index in indices:
                writer.write(make_record(index, pixels=pixels, seed=seed, quality=quality))
    write_labels(folder, CLASS_NAMES)
    return paths


def _noise(rng: random.Random, cells: int, side: int) -> Image.Image:
    """Returns smooth grey noise (0-255), `side` pixels wide, with `cells` patches per side."""
    grid = Image.frombytes("L", (cells, cells), rng.randbytes(cells * cells))
    return grid.resize((side, side), Image.Resampling.BICUBIC)


def _draw_background(rng: random.Random, side: int) -> Image.Image:
    """Returns a blurred background: patches of two tints, blades of grass and blobs."""
    tints = [
        shade_colour(sample_colour(rng, _BACKGROUND_TINTS), rng.uniform(0.4, 0.85))
        for _ in range(2)
    ]
    first, second = (Image.new("RGB", (side, side), tint) for tint in tints)
    canvas = Image.composite(first, second, _noise(rng, rng.randint(2, 8), side))
    draw = ImageDraw.Draw(canvas, "RGBA")
    draw_grass(draw, rng, side, blades=rng.randint(0, 12))
    for _ in range(rng.randint(0, 5)):
        centre = (rng.uniform(0, side), rng.uniform(0, side))
        blob = Brush(draw, centre, side * rng.uniform(0.04, 0.15))
        blob.fill(circle(1.0), (*sample_colour(rng, tuple(TINTS)), rng.randint(60, 180)))
    return canvas.filter(ImageFilter.GaussianBlur(side * rng.uniform(0.006, 0.03)))


def _add_photo_effects(canvas: Image.Image, rng: random.Random) -> Image.Image:
    """Returns the canvas with grain, uneven light and blur, as in a photograph."""
    side = canvas.width
    grain = ImageChops.overlay(canvas, Image.merge("RGB", [_noise(rng, side // 4, side)] * 3))
    image = Image.blend(canvas, grain, rng.uniform(0.05, 0.25))
    dark = ImageEnhance.Brightness(image).enhance(rng.uniform(0.55, 0.95))
    image = Image.composite(image, dark, _noise(rng, 2, side))
    image = image.filter(ImageFilter.GaussianBlur(side * rng.uniform(0.0, 0.006)))
    for enhance in (ImageEnhance.Color, ImageEnhance.Brightness, ImageEnhance.Contrast):
        image = enhance(image).enhance(rng.uniform(0.85, 1.3))
    return image


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes synthetic flowers to TFRecord files; the defaults are those of `data/sample`."""
    parser = argparse.ArgumentParser(
        prog="python -m data.synthetic",
        description=main.__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, help="output folder")
    parser.add_argument("--count", type=int, default=600, help="total number of images")
    parser.add_argument("--shards", type=int, default=4, help="number of files")
    parser.add_argument("--pixels", type=int, default=PIXELS, help="side of an image in pixels")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the drawings")
    parser.add_argument("--quality", type=int, default=QUALITY, help="JPEG quality, 1 to 95")
    options = vars(parser.parse_args(arguments))
    write_sample(options.pop("out"), **options)


if __name__ == "__main__":
    main()
