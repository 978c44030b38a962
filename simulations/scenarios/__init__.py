"""Scenarios: a base day and what is changed about it. docs/scenarios.md has the format and the library."""
