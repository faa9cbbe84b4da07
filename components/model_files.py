"""Names of the folders and files in a Model artifact of the Trainer; needs no TensorFlow."""

# TFX's name for the folder of the SavedModel.
SERVING_FORMAT = "Format-Serving"
# The folder of the Keras weights, next to SERVING_FORMAT, and the file in it.
KERAS_FORMAT = "Format-Keras"
WEIGHTS_FILE = "weights.h5"
