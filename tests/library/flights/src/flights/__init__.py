"""A project about the sample's flights, for the tests."""
