"""One file per family of commands; each has `register(app)`, which `yujing.cli` calls."""
