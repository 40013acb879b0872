"""Evaluations of predicted structure on the labelled texts that ship with the repository."""
