"""MemLifecycle: what time does to a memory."""
