"""The whole system on this machine: engines and services under a process supervisor, for `up`, `down` and `demo`."""
