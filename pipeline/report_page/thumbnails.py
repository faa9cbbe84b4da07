"""Small pictures of examples, as data URIs in a page; one pass over the record files for all."""

import base64
import io
import logging
from pathlib import Path

from markupsafe import Markup
from PIL import Image

from data.images.reading import UnreadableImage, read_image
from pipeline.lazy_tensorflow import import_tensorflow

# What all pictures of a page may take in it, in bytes.
MOST_BYTES = 3_500_000
# The longest side in pixels and the WebP quality, tried in this order until the pictures fit.
_SIZES = ((128, 60), (112, 50), (88, 45), (64, 40), (48, 30))

_log = logging.getLogger(__name__)


class Picture:
    """A small picture, which several thumbnails may show."""

    def __init__(self) -> None:
        """Starts without content."""
        self.uses = 0
        self.file = ""
        self.problem = "picture not found"
        self._image: Image.Image | None = None
        self._encoded = b""

    @property
    def found(self) -> bool:
        """Whether there is a picture; otherwise `problem` says why not."""
        return self._image is not None

    def take(self, encoded: bytes) -> None:
        """Decodes an image file and keeps it at the largest size of thumbnails."""
        side = _SIZES[0][0]
        try:
            self._image = read_image(encoded, smallest=side)
        except UnreadableImage as error:
            self.problem = f"no picture: {error}"
            return
        self._image.thumbnail((side, side))

    def encode(self, side: int, quality: int) -> int:
        """Encodes the picture with a longest side in pixels; returns its bytes in the page."""
        if self._image is None:
            return 0
        self._image.thumbnail((side, side))
        stream = io.BytesIO()
        self._image.save(stream, "WEBP", quality=quality)
        self._encoded = base64.b64encode(stream.getvalue())
        return len(self._encoded) * self.uses

    def render(self, alt: str) -> Markup:
        """Returns the `<img>`, or a box with the problem."""
        if self._image is None:
            return Markup('<span class="no-picture">{}</span>').format(self.problem)
        width, height = self._image.size
        return Markup(
            '<img src="data:image/webp;base64,{}" alt="{}" width="{}" height="{}">'
        ).format(self._encoded.decode(), alt, width, height)


class Thumbnail:
    """A place of a page that shows a picture; a template inserts it as it is."""

    def __init__(self, picture: Picture, alt: str):
        """Takes the picture, and what it shows for people who do not see it."""
        self._picture = picture
        self._alt = alt
        picture.uses += 1

    @property
    def found(self) -> bool:
        """Whether there is a picture, once it is loaded."""
        return self._picture.found

    @property
    def file(self) -> str:
        """The path of the image file that the record names, once it is loaded; empty for none."""
        return self._picture.file

    def __html__(self) -> str:
        """Returns the `<img>`, or a box that says why there is none."""
        return self._picture.render(self._alt)


class Thumbnails:
    """The thumbnails of a page: first all are requested, then `load` reads them."""

    def __init__(self, examples: Path | None):
        """Takes the folder of ExampleGen's examples; None if there is none any more."""
        self._examples = examples
        self._pictures: list[Picture] = []
        self._by_id: dict[str, dict[str, Picture]] = {}
        self._samples: dict[str, dict[int, list[Picture]]] = {}

    def request(self, split: str, record_id: str, alt: str = "") -> Thumbnail:
        """Returns the thumbnail of an example, which `load` fills.

        Args:
          split: Its split.
          record_id: Its id, as in the table of predictions.
          alt: What the picture shows; empty if the text beside it says so.
        """
        by_id = self._by_id.setdefault(split, {})
        if record_id not in by_id:
            by_id[record_id] = self._new()
        return Thumbnail(by_id[record_id], alt)

    def request_samples(
        self, split: str, class_id: int, number: int, alt: str = ""
    ) -> list[Thumbnail]:
        """Returns thumbnails of the first examples of a class in a split, which `load` fills.

        Those beyond the number of examples are not `found`.
        """
        pictures = [self._new() for _ in range(number)]
        self._samples.setdefault(split, {}).setdefault(class_id, []).extend(pictures)
        return [Thumbnail(picture, alt) for picture in pictures]

    def from_bytes(self, encoded: bytes, alt: str = "") -> Thumbnail:
        """Returns the thumbnail of an image file."""
        picture = self._new()
        picture.take(encoded)
        return Thumbnail(picture, alt)

    def load(self) -> None:
        """Reads the requested examples, and makes all pictures as small as the page needs.

        A split that cannot be read leaves boxes: a page still has all texts and numbers.
        """
        for split in sorted({*self._by_id, *self._samples}) if self._examples else ():
            try:
                self._read(split)
            except Exception:
                _log.exception("the pictures of %s could not be read", split)
        for side, quality in _SIZES:
            if sum(picture.encode(side, quality) for picture in self._pictures) <= MOST_BYTES:
                return

    def _new(self) -> Picture:
        self._pictures.append(Picture())
        return self._pictures[-1]

    def _read(self, split: str) -> None:
        """Reads a split up to the last example that is needed."""
        # Only here, because reports without pictures need no TensorFlow.
        import_tensorflow()
        from components.predictions.records import read_split

        by_id = dict(self._by_id.get(split, {}))
        samples = {key: list(value) for key, value in self._samples.get(split, {}).items()}
        for batch in read_split(str(self._examples), split):
            takers = [[by_id.pop(i)] if i in by_id else [] for i in batch.ids]
            for pictures, class_id in zip(takers, batch.classes if samples else [], strict=False):
                if samples.get(class_id):
                    pictures.append(samples[class_id].pop(0))
            wanted = zip(takers, batch.images, batch.sources, strict=True) if any(takers) else ()
            for pictures, image, file in wanted:
                for picture in pictures:
                    picture.take(image)
                    picture.file = file
            if not by_id and not any(samples.values()):
                return
