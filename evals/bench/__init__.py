"""Speed: MemOS against the floor and against peers, with the same vectors given to all."""
