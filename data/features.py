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

`size`, `one_hot_class` and `source` are optional.
"""

IMAGE = "image"
CLASS = "class"
LABEL = "label"
SIZE = "size"
ONE_HOT_CLASS = "one_hot_class"
SOURCE = "source"
