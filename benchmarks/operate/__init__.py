"""What the operator's commands cost on many records: `python -m benchmarks.operate`."""
