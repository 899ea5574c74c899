from mlops_loop.cli import command_line


def load():  # type: ignore[no-untyped-def]
    from .project import project

    return project


command_line(load)(prog_name="flask_app")
