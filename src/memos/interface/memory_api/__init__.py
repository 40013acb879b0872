"""MemoryAPI: the one conductor and its operations."""
