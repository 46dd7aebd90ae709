"""`python -m yujing` is the same as the `yujing` command."""

from yujing.cli import main

main()
