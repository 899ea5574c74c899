"""What `doctor` checks: the parts of a project, its copies, and its settings for production."""
