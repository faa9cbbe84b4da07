"""Where models are served from: a folder, a bucket, or an endpoint of Vertex AI."""
