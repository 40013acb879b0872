"""MemOperator: structure for what comes in, retrieval for what is asked."""
