"""Backup and restore of what cannot be had again: control plane, dead letters, and the ledger by which each alert goes out once."""
