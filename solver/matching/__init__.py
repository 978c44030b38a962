"""Return loads: each truck's chain of loads (formulation.md)."""
