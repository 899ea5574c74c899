"""A project whose application is an edition of the template's, for the tests."""
