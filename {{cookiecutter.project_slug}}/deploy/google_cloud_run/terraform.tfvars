# The project is yours to name: terraform apply -var project=…
name            = "{{ cookiecutter.__dns_name[:23].strip('-') }}"
settings_prefix = "{{ cookiecutter.package_name | upper }}__"
region          = "europe-west1"
secret_settings = ["SERVING__API_KEYS"{{ ', "PREDICTION_LOG"' if cookiecutter.prediction_log in ['redis', 'postgresql'] }}]
