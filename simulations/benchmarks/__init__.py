"""Benchmarks: what the planner reaches on generated days, beside its baselines."""
