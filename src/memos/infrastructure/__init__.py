"""MemGovernance and MemVault: who may, and where things are kept."""
