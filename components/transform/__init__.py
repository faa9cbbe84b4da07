"""Transform: encoded images to square RGB pixels, in the serving graph; and augmentation."""
