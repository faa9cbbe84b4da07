"""`flowers evaluate`: how a model does on other labelled images."""
