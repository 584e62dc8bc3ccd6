"""The command line: the only room that prints and the only one that ends the process."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from rtplan.errors import PackError, RtplanError

__all__ = ["cli", "main"]

COMMANDS = {
    "audit": "Audit a study: targets, organs, limits, verdict.",
    "bed": "BED and EQD2 of a schedule.",
    "commission": "Test the DVH engine on this machine against closed forms.",
    "demo": "Write the sample studies and audit them.",
    "dvh": "Dose-volume metrics of structures, with intervals.",
    "inspect": "What is in a folder, how it links, what is odd.",
    "packs": "List, show and check rule packs.",
}
INTERRUPTED = 130
UNREADABLE = 4


class _Lazy(click.Group):
    """Loads the module of a sub-command when it is asked for: the help text must be instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"rtplan.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])


def _print_version(ctx: click.Context, _param: click.Parameter, value: Any) -> None:
    if not value or ctx.resilient_parsing:
        return
    from importlib.metadata import version  # noqa: PLC0415

    from rtplan.study import NOTICE  # noqa: PLC0415

    click.echo(f"rtplan {version('rtplan')}\n{NOTICE}")
    ctx.exit()


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Version.")
def cli() -> None:
    """Audit radiotherapy plans for oligometastatic disease against cited dose limits.

    Research software, not a medical device.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with the exit code of the contract."""
    # One numerical thread: the matrices are small, and threads that wait for one another cost more than they give.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; one sentence on standard error where something is wrong."""
    try:
        code = cli.main(args=None if arguments is None else list(arguments), prog_name="rtplan", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("rtplan: interrupted", err=True)
        return INTERRUPTED
    except RtplanError as error:
        _complain(error)
        return error.exit_code
    except (BrokenPipeError, SystemExit):
        # A reader left early. Click ends the program itself when it meets that, and no command of ours does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # the last door: a crash is said in one line, never as a traceback
        if os.environ.get("RTPLAN_DEBUG"):
            raise
        click.echo(f"rtplan: internal error ({_place(error)}); set RTPLAN_DEBUG=1 for the traceback", err=True)
        return UNREADABLE
    return code if isinstance(code, int) else 0


def _complain(error: RtplanError) -> None:
    from rtplan.report.names import display_text  # noqa: PLC0415

    click.echo(f"rtplan: {display_text(str(error))}", err=True)
    if isinstance(error, PackError):
        for problem in error.problems:
            click.echo(f"  {display_text(problem)}", err=True)


def _place(error: BaseException) -> str:
    """Name the kind of error and the line it comes from, without any value of the data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else ""  # noqa: PTH119
    return f"{type(error).__name__}{where}"
