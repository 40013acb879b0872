"""The tests of MemOS, a package so that its helpers can be imported as `tests.<module>`."""
