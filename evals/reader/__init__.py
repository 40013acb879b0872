"""How well MemReader reads: labelled requests and conversations, the figures of what it makes of them, and what a reading costs."""
