"""Privacy: what in a text is personal or secret, and what of it a reader is shown."""
