"""`flowers data import`: finds labelled image files and writes them to TFRecord shards."""
