"""Kilometres and minutes between the places of a park: estimated, from a CSV matrix or from a table service."""
