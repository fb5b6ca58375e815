"""The subcommands of `presswatch`, one module each, with the attribute `command`."""
