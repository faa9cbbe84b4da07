"""Labelled image files: a folder for each class, or a CSV of path and label."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from data.common.errors import UsageError

_QUALITY = 95
_ORIENTATION_TAG = 0x0112


@dataclass(frozen=True, order=True)
class LabelledFile:
    """An image file and the name of its class."""

    path: str
    label: str


class Unreadable(Exception):
    """A file that holds no image that can be read; the message is the reason."""


def find_images(source: Path) -> list[LabelledFile]:
    """Returns the files of a folder with a folder for each class, or of a CSV, sorted.

    Args:
      source: a folder, in which hidden files and folders don't count; or a CSV file with the
        columns `path`, relative to the CSV's folder or absolute, and `label`.

    Raises:
      UsageError: it is neither, or has no image or fewer than two classes.
    """
    if source.is_dir():
        files = sorted(_in_folders(source))
    elif source.suffix.lower() == ".csv" and source.is_file():
        try:
            files = sorted(_in_csv(source))
        except UnicodeDecodeError as error:
            raise UsageError(f"{source} is no UTF-8 text: {error}") from error
    else:
        raise UsageError(
            f"{source} is neither a folder with a folder for each class nor a .csv file with the "
            "columns path and label"
        )
    labels = {file.label for file in files}
    if len(labels) < 2:
        found = f"{len(files)} files of {len(labels)} classes"
        raise UsageError(
            f"{source} has {found}; it takes two classes or more: a folder for each, such as "
            f"{source}/roses/a.jpg, or a CSV with the columns path and label"
        )
    return files


def read_rgb(path: str, size: int | None) -> tuple[bytes, tuple[int, int]]:
    """Returns an image as an upright RGB JPEG, and its width and height in pixels.

    A JPEG that is all of that already keeps its bytes: encoding it anew would only lose.

    Args:
      path: of a file in any format that Pillow reads; of an animation, the first frame.
      size: of the shorter side in pixels; a smaller image stays as it is. None for all as they are.

    Raises:
      Unreadable: with the reason.
    """
    try:
        content = Path(path).read_bytes()
        with Image.open(io.BytesIO(content)) as image:
            upright = image.getexif().get(_ORIENTATION_TAG, 1) == 1
            fits = size is None or min(image.size) <= size
            image.load()
            if image.format == "JPEG" and image.mode == "RGB" and upright and fits:
                return content, image.size
            return _encoded(image, size)
    except UnidentifiedImageError as error:
        raise Unreadable("no image that Pillow can read") from error
    except Image.DecompressionBombError as error:
        raise Unreadable("too many pixels") from error
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error
    except (ValueError, SyntaxError, EOFError) as error:
        raise Unreadable(f"a broken image: {error}") from error


def _encoded(image: Image.Image, size: int | None) -> tuple[bytes, tuple[int, int]]:
    turned = ImageOps.exif_transpose(image)
    if turned.mode.startswith("I"):
        # 16 bits a pixel: Pillow would cut them off at 255.
        turned = turned.convert("I").point(lambda value: value / 256).convert("L")
    turned = turned.convert("RGB")
    shorter = min(turned.size)
    if size is not None and shorter > size:
        width, height = (round(side * size / shorter) for side in turned.size)
        turned = turned.resize((width, height), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    turned.save(content, "JPEG", quality=_QUALITY)
    return content.getvalue(), turned.size


def _in_folders(source: Path) -> Iterator[LabelledFile]:
    for folder in source.iterdir():
        if folder.is_dir() and not folder.name.startswith("."):
            for path in folder.rglob("*"):
                hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
                if path.is_file() and not hidden:
                    yield LabelledFile(str(path), folder.name)


def _in_csv(source: Path) -> Iterator[LabelledFile]:
    # "CSV UTF-8" of Excel begins with a mark.
    with source.open(newline="", encoding="utf-8-sig") as stream:
        rows = csv.DictReader(stream)
        missing = {"path", "label"} - set(rows.fieldnames or ())
        if missing:
            raise UsageError(
                f"{source} has no column {' and '.join(sorted(missing))}; it takes path and label"
            )
        for number, row in enumerate(rows, start=2):
            if not row["path"] or not row["label"]:
                raise UsageError(f"{source}, line {number}: path or label is empty")
            yield LabelledFile(str(source.parent / row["path"]), row["label"])
