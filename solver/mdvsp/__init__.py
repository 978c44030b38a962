"""Multi-depot vehicle scheduling, with trips at fixed times or within a few minutes of them (formulation.md)."""
