"""`flowers predict`: the newest pushed model on image files."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from data.errors import UsageError
from pipeline.quiet import import_tensorflow

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp")


def predict(root: Path, paths: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Yields one answer an image, in the order of the paths; a folder stands for its images.

    Args:
      root: folder that `flowers run` pushed to.
      paths: image files, or folders with image files at any depth.

    Yields:
      `path`, `label` and `probabilities` (by class name), or `path` and `error`.

    Raises:
      UsageError: no model was pushed, or a path does not exist.
    """
    images = list(_images(paths))
    model_path = _newest_model(root)
    tf = import_tensorflow()

    model = tf.saved_model.load(str(model_path))
    names = [name.decode() for name in model.class_names().numpy()]
    for image in images:
        yield {"path": str(image), **_classify(model.signatures["serving_bytes"], image, names)}


def _classify(signature: Any, image: Path, names: Sequence[str]) -> dict[str, Any]:
    tf = import_tensorflow()
    try:
        answer = signature(image_bytes=tf.constant([image.read_bytes()]))
    except OSError as error:
        return {"error": f"can't be read: {error.strerror}"}
    except tf.errors.InvalidArgumentError:
        return {"error": "no JPEG, PNG, GIF or BMP image, or a broken one"}
    except tf.errors.OpError as error:
        return {"error": error.message}
    values = answer["probabilities"].numpy()[0].tolist()
    label = answer["label"].numpy()[0].decode()
    return {"label": label, "probabilities": dict(zip(names, values, strict=True))}


def _images(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
            if not found:
                raise UsageError(f"{path} holds no images ({', '.join(IMAGE_SUFFIXES)})")
            yield from found
        elif path.exists():
            yield path
        else:
            raise UsageError(f"{path} does not exist; predict takes image files and folders")


def _newest_model(root: Path) -> Path:
    from components.pusher.push import newest_version

    version = newest_version(root / "serving")
    if not version:
        raise UsageError(
            f"--root: no model was pushed to {root / 'serving'}; "
            f"flowers run --root {root} trains one"
        )
    return root / "serving" / str(version)
