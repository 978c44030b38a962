"""Entry slots and return loads for a logistics park, planned together."""

__version__ = "0.1.0"
