"""`flowers tune`: searches the settings that are best on eval."""
