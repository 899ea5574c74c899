"""SageMaker's container protocol around an application: `serve` and `train`."""
