"""Finds and reads labelled image files, from a folder per class or a CSV of paths and labels."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from data.common.errors import UsageError

_JPEG_QUALITY = 95
_ORIENTATION_TAG = 0x0112


@dataclass(frozen=True, order=True)
class LabelledImage:
    """An image file and the name of its class."""

    path: str
    label: str


class UnreadableImage(Exception):
    """A file does not contain a readable image; the message is the reason."""


def find_images(source: Path) -> list[LabelledImage]:
    """Returns the labelled images of a folder or CSV file, sorted.

    Args:
      source: A folder with one folder per class, in which hidden files and folders are ignored; or
        a CSV file with the columns `path`, absolute or relative to the file's folder, and `label`.

    Raises:
      UsageError: `source` is neither, or it has no images or fewer than two classes.
    """
    if source.is_dir():
        files = sorted(_list_folders(source))
    elif source.suffix.lower() == ".csv" and source.is_file():
        try:
            files = sorted(_list_csv(source))
        except UnicodeDecodeError as error:
            raise UsageError(f"{source} is not valid UTF-8: {error}") from error
    else:
        raise UsageError(
            f"{source} is neither a folder with one folder per class nor a .csv file with the "
            "columns path and label"
        )
    labels = {file.label for file in files}
    if len(labels) < 2:
        found = f"{len(files)} files of {len(labels)} classes"
        raise UsageError(
            f"{source} has {found}; at least two classes are required: one folder per class, such "
            f"as {source}/roses/a.jpg, or a CSV with the columns path and label"
        )
    return files


def read_as_jpeg(path: str, size: int | None) -> tuple[bytes, tuple[int, int]]:
    """Returns an image as an upright RGB JPEG, and its width and height in pixels.

    A JPEG that meets these requirements keeps its bytes, because encoding it again is lossy.

    Args:
      path: A file in any format that Pillow reads; of an animation, the first frame is used.
      size: Maximum length of the shorter side in pixels; None to keep the size of all images.

    Raises:
      UnreadableImage: The file cannot be read or decoded.
    """
    try:
        content = Path(path).read_bytes()
        with Image.open(io.BytesIO(content)) as image:
            upright = image.getexif().get(_ORIENTATION_TAG, 1) == 1
            fits = size is None or min(image.size) <= size
            image.load()
            if image.format == "JPEG" and image.mode == "RGB" and upright and fits:
                return content, image.size
            return _convert_to_jpeg(image, size)
    except UnidentifiedImageError as error:
        raise UnreadableImage("not an image that Pillow can read") from error
    except Image.DecompressionBombError as error:
        raise UnreadableImage("too many pixels") from error
    except OSError as error:
        raise UnreadableImage(error.strerror or str(error)) from error
    except (ValueError, SyntaxError, EOFError) as error:
        raise UnreadableImage(f"corrupt image: {error}") from error


def _convert_to_jpeg(image: Image.Image, size: int | None) -> tuple[bytes, tuple[int, int]]:
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I"):
        # 16 bits per pixel: Pillow would clip them at 255.
        upright = upright.convert("I").point(lambda value: value / 256).convert("L")
    upright = upright.convert("RGB")
    shorter = min(upright.size)
    if size is not None and shorter > size:
        width, height = (round(side * size / shorter) for side in upright.size)
        upright = upright.resize((width, height), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    upright.save(content, "JPEG", quality=_JPEG_QUALITY)
    return content.getvalue(), upright.size


def _list_folders(source: Path) -> Iterator[LabelledImage]:
    for folder in source.iterdir():
        if folder.is_dir() and not folder.name.startswith("."):
            for path in folder.rglob("*"):
                hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
                if path.is_file() and not hidden:
                    yield LabelledImage(str(path), folder.name)


def _list_csv(source: Path) -> Iterator[LabelledImage]:
    # Excel's "CSV UTF-8" begins with a byte order mark.
    with source.open(newline="", encoding="utf-8-sig") as stream:
        rows = csv.DictReader(stream)
        missing = {"path", "label"} - set(rows.fieldnames or ())
        if missing:
            raise UsageError(
                f"{source} has no column {' and '.join(sorted(missing))}; it needs path and label"
            )
        for number, row in enumerate(rows, start=2):
            if not row["path"] or not row["label"]:
                raise UsageError(f"{source}, line {number}: path or label is empty")
            yield LabelledImage(str(source.parent / row["path"]), row["label"])
