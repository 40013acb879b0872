"""MemScheduler: what a model is given of what was found, in which form and order and why; and which memories change their form."""
