"""Permission: who may do what with which memory in which context, decided by Cedar and compiled into every search."""
