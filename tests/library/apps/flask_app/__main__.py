from .cli import cli

cli(prog_name="flask_app")
