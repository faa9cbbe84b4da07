"""The answers of the trained model: for test and eval images, and for changed test images."""
