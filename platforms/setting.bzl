"""What build settings of this package share: their rule, and how a program is built with one changed."""

def _setting_impl(_ctx):
    return []

bool_setting = rule(
    implementation = _setting_impl,
    doc = "A setting that is on or off.",
    build_setting = config.bool(flag = True),
)

def program_impl(ctx):
    """Implements a rule whose attribute `program` takes a transition: the program under the rule's own label.

    Args:
      ctx: of the rule

    Returns:
      its providers
    """
    elf = ctx.attr.program[0][DefaultInfo].files_to_run.executable

    # The file keeps its name: debuggers and the runner know programs by it.
    out = ctx.actions.declare_file(ctx.label.name + "/" + elf.basename)
    ctx.actions.symlink(output = out, target_file = elf, is_executable = True)
    return [DefaultInfo(executable = out)]
