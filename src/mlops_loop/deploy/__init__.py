"""Deployment: adapters to the protocols of platforms, and the package that a platform takes.

An adapter is a module of its own, since each needs packages that the others do not.
"""
