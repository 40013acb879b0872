"""Extraction: what a message states, as facts that stand by themselves and name where in the message they are said."""
