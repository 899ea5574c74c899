from .cli import cli

cli(prog_name="fastapi_app")
