"""Augmentation: random changes of training images, as a list of small ops in `trainer.augment`."""
