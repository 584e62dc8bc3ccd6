"""`python -m rtplan.cli`."""

from rtplan.cli import main

main()
