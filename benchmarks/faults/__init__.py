"""What becomes of the service, and of what it promised, when something goes wrong around it."""
