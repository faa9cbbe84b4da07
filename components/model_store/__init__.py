"""Model stores: a local folder, a folder of a bucket, or an endpoint of Vertex AI."""
