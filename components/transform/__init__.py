"""Transform: encoded images to square RGB pixels, in the graph that also serves; and augmentation."""
