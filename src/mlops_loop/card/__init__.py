"""The model card: what a version is for, what it was made from, how it did, where it ends."""
