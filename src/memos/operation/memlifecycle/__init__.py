"""MemLifecycle: the states of a memory, what moves it between them, merges, and the time machine's plans."""
