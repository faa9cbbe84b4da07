"""Transform: encoded images to square RGB pixels, in the graph that serves; and augmentation."""
