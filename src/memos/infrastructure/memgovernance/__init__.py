"""MemGovernance: what a caller may see and do."""
