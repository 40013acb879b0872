"""MemVault: the stores behind the one door."""
