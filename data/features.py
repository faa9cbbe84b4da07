"""The features of a record.

Records have the layout of `gs://flowers-public/tfrecords-jpeg-*`, written by Google's codelab
"Modern convnets, squeezenet, Xception, with Keras and TPUs":

| feature         | type       | content                                   |
|-----------------|------------|-------------------------------------------|
| `image`         | 1 bytes    | the encoded image (JPEG)                  |
| `class`         | 1 int64    | index into the class names                |
| `label`         | 1 bytes    | the class name, UTF-8                     |
| `size`          | 2 int64    | width and height in pixels                |
| `one_hot_class` | n floats   | 1.0 at `class`, 0.0 elsewhere             |
| `source`        | 1 bytes    | path of the image file, UTF-8             |

`size`, `one_hot_class` and `source` are optional. Records of another layout have other names, which
`data.features` lists.
"""

from collections.abc import Mapping

IMAGE = "image"
CLASS = "class"
LABEL = "label"
SIZE = "size"
ONE_HOT_CLASS = "one_hot_class"
SOURCE = "source"

REQUIRED = (IMAGE, CLASS, LABEL)
OPTIONAL = (SIZE, ONE_HOT_CLASS, SOURCE)
FEATURES = (*REQUIRED, *OPTIONAL)

# Types as the fields of tf.train.Feature.
TYPES = {
    IMAGE: "bytes_list", CLASS: "int64_list", LABEL: "bytes_list", SIZE: "int64_list",
    ONE_HOT_CLASS: "float_list", SOURCE: "bytes_list",
}  # fmt: skip

# The result of `feature_names` if `data.features` is empty.
UNCHANGED = {name: name for name in FEATURES}


def feature_names(renamed: Mapping[str, str | None]) -> dict[str, str]:
    """Returns the name in the records of each feature that is read.

    Args:
      renamed: The value of `data.features`: names in the records by name of the feature, None for a
        feature that is not read.
    """
    names = {**UNCHANGED, **renamed}
    return {name: theirs for name, theirs in names.items() if theirs is not None}
