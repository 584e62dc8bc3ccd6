"""`python -m rtplan`."""

from rtplan.cli import main

main()
