"""Adapters to deployment platforms: what a platform's protocol needs around the application."""
