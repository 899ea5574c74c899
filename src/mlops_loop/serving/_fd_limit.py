"""The limit on open files: every connection is one, and most systems start with 1,024."""

_ENOUGH = 65_536


def raise_fd_limit() -> None:
    """Raise the soft limit on open files to the hard limit, where the system has such limits."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = _ENOUGH if hard == unlimited else min(hard, _ENOUGH)
    if soft != unlimited and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (ValueError, OSError):  # macOS allows less than it reports
            return
