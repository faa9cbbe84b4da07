"""The sizes of images that the pipeline can use."""

# The hash that assigns splits averages an image down to 8 rows.
MIN_SIDE = 8
# The default of the setting `data.max_pixels`, and the limit of an import.
MAX_PIXELS = 50_000_000
# Pillow opens no image with more pixels: twice PIL.Image.MAX_IMAGE_PIXELS.
MOST_PIXELS = 178_956_970
