"""Measurements. Each writes rows to benchmarks/results/NAME.json and its table into docs/benchmarks.md."""
