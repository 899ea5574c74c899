name            = "{{ cookiecutter.__dns_name[:26].strip('-') }}"
settings_prefix = "{{ cookiecutter.package_name | upper }}__"
project         = "my-project-id"
region          = "europe-west3"
runtime         = "python{{ cookiecutter.python_version | replace('.', '') }}"
secret_settings = ["SERVING__API_KEYS"{{ ', "PREDICTION_LOG"' if cookiecutter.prediction_log in ['redis', 'postgresql'] }}]
