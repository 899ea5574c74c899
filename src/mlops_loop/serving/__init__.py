"""The online service: one core without a framework, and thin adapters around it."""
