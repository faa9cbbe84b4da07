"""The two signatures of a model of this project, as the server calls them."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from data.common.formatting import printable
from pipeline.inference.predict import SIGNATURE as SERVING_BYTES
from pipeline.lazy_tensorflow import import_tensorflow
from pipeline.serving.errors import RejectedInput, RequestError

# TensorFlow Serving's default.
SERVING_DEFAULT = "serving_default"
# Large enough that each convolution is computed as for a photograph.
_WARM_UP_SIDE = 64
# The message about an Example lists its features, whose names may be of any length.
_MESSAGE_LENGTH = 300

Outputs = dict[str, np.ndarray]


@dataclass(frozen=True)
class Signature:
    """A signature, whose input is a string tensor of shape [n].

    Attributes:
      name: Its name.
      input: The name of its input.
      image_of: Returns the encoded image in a value of its input.
      function: TensorFlow's function.
    """

    name: str
    input: str
    image_of: Callable[[bytes], bytes]
    function: Callable[..., Any]

    def run(self, values: Sequence[bytes]) -> Outputs:
        """Returns the outputs for one or more values, each of shape [values, ...].

        Raises:
          RejectedInput: The model cannot process one of the values.
        """
        from components.serving_check.probe import informative_line

        tf = import_tensorflow()
        try:
            tensors = self.function(**{self.input: tf.constant(list(values), tf.string)})
        # TensorFlow's message may quote the input, which Python cannot decode as text.
        except (tf.errors.InvalidArgumentError, UnicodeDecodeError) as error:
            reason = printable(informative_line(error)) or "the input is damaged"
            raise RejectedInput(reason) from error
        return {name: tensor.numpy() for name, tensor in tensors.items()}

    def warm_up(self, batch: int) -> None:
        """Runs it on one image and on a full batch, because the first requests take longer."""
        from data.records import encode_example

        value = _warm_up_image()
        if self.name == SERVING_DEFAULT:
            value = encode_example(value, 0, [""], (_WARM_UP_SIDE, _WARM_UP_SIDE))
        for size in (1, batch):
            self.run([value] * size)


def make_signatures(loaded: Mapping[str, Any]) -> dict[str, Signature]:
    """Returns the two signatures of a loaded SavedModel, by name.

    Raises:
      ValueError: One of them is missing.
    """
    image_of: dict[str, Callable[[bytes], bytes]] = {
        SERVING_DEFAULT: _image_of_example,
        SERVING_BYTES: bytes,
    }
    missing = sorted(set(image_of) - set(loaded))
    if missing:
        raise ValueError(f"the SavedModel has no signature {' and no '.join(missing)}")
    return {
        name: Signature(
            name, next(iter(loaded[name].structured_input_signature[1])), of, loaded[name]
        )
        for name, of in image_of.items()
    }


def _image_of_example(content: bytes) -> bytes:
    from components.example_gen.checks import InvalidRecord, extract_image

    try:
        return extract_image(content)
    except InvalidRecord as error:
        # TensorFlow's parser is another one, which may still find an image in it.
        raise RequestError(400, printable(str(error)[:_MESSAGE_LENGTH])) from error


def _warm_up_image() -> bytes:
    coarse = np.random.default_rng(0).integers(0, 256, [8, 8, 3], dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(coarse).resize((_WARM_UP_SIDE, _WARM_UP_SIDE)).save(content, "JPEG")
    return content.getvalue()
