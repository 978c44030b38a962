"""Problem one: which entry slot each visit gets at which dock group. Start with formulation.md."""
