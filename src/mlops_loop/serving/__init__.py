"""The online prediction service: a core without a web framework, and routes for two of them.

`mlops_loop.serving.fastapi` and `mlops_loop.serving.flask` hold what an application includes.
"""
