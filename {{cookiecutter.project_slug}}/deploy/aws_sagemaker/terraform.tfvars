name            = "{{ cookiecutter.project_slug | lower | replace('.', '-') | replace('_', '-') }}"
settings_prefix = "{{ cookiecutter.package_name | upper }}__"
region          = "eu-central-1"
secret_settings = [{{ '"PREDICTION_LOG"' if cookiecutter.prediction_log in ['redis', 'postgresql'] }}]

# Once an image has been pushed:
# variants = { live = { image_tag = "…", model = "…/model.tar.gz" } }
