"""Public helpers for the tests of those who use or extend MemOS."""
