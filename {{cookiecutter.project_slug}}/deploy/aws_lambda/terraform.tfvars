name            = "{{ cookiecutter.__dns_name }}"
settings_prefix = "{{ cookiecutter.package_name | upper }}__"
region          = "eu-central-1"
secret_settings = ["SERVING__API_KEYS"{{ ', "PREDICTION_LOG"' if cookiecutter.prediction_log in ['redis', 'postgresql'] }}]
