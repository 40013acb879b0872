"""The Memory API: from a call to a reply."""
