"""`flowers serve`: a server of the newest pushed model, with TensorFlow Serving's REST API."""
