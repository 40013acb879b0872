"""MemCube and the other values that travel between rooms: frozen and pure."""
