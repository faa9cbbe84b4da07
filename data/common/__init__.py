"""What is not about data: errors, files, digests, text."""
