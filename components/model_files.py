"""Names of the folders and files of a Model artifact."""

SERVING_FORMAT = "Format-Serving"
KERAS_FORMAT = "Format-Keras"
WEIGHTS_FILE = "weights.h5"
