"""Fault injection: the service and its guarantees while something around it fails."""
