"""MemReader: from words to a MemoryCall; it reads no memory."""
