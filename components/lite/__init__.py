"""TensorFlow Lite: the trained network as a file for phones, judged against the SavedModel."""
