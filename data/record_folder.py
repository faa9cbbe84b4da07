"""Checks the folder to which an import writes its records, and that records are not its images."""

import os
import re
from pathlib import Path

from data.common.errors import UsageError
from data.common.formatting import printable, shell_word
from data.common.paths import find_file, find_misread
from data.images.file_names import contains_images

# What makes a part of a path a pattern for TFX.
WILDCARD = re.compile(r"[*?\[{]")
# TFX reads braces in patterns of records, which names of other folders may contain.
_BRACE = "{"


def check_new_folder(out: Path, images: Path) -> None:
    """Checks that an import can write a folder of records that `--data` can name.

    Args:
      out: The folder; it need not exist.
      images: The folder or CSV file that is imported.

    Raises:
      UsageError: TFX cannot read the path, it is not a folder, or it is inside the images' folder.
    """
    path, shown = os.path.abspath(out), printable(str(out))
    if find_misread(path, _BRACE):
        raise UsageError(
            f"--out: TFX cannot read records in {printable(path)}; the path must be printable "
            "UTF-8 without the characters * ? [ { \\"
        )
    # pathlib has made gs:/ of gs://.
    if out.parts and out.parts[0].endswith(":"):
        raise UsageError(f"--out must be a folder on this machine, got {shown}; copy it from there")
    if file := find_file(out):
        raise UsageError(f"--out must be a folder, but {printable(str(file))} is a file")
    if os.path.isdir(images) and Path(path).is_relative_to(os.path.abspath(images)):
        raise UsageError(
            f"--out: {shown} is inside SOURCE, where its records would be taken for images; "
            "choose a folder outside of it"
        )


def refuse_images(folder: str) -> None:
    """Raises UsageError if a folder, which has no records, contains images."""
    if contains_images(Path(folder)):
        out = "records" if find_misread(folder, _BRACE) else f"{folder}-records"
        raise UsageError(
            f"--data: {printable(folder)} contains images instead of records. Import them first: "
            f"flowers data import {shell_word(folder)} --out {shell_word(out)}"
        )
