"""ExampleGen: reads TFRecords, quarantines bad records, and splits the rest by image content."""
