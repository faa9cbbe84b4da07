"""ExampleGen: reads TFRecords, sets bad records aside, deals the others out by image content."""
