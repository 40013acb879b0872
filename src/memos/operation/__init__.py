"""MemOperator and its sisters: values in, values out, no writing."""
