"""`wire_protocol`: a protocol's rows as a C struct and tables, from two lists of rows and one template for all protocols."""

def _protocol_files_impl(ctx):
    name = ctx.attr.protocol
    letters = ctx.attr.letters
    substitutions = {
        "@name@": name,
        "@NAME@": name.upper(),
        "@first@": letters[0],
        "@second@": letters[1],
    }
    header = ctx.actions.declare_file(name + "_wire.h")
    source = ctx.actions.declare_file(name + "_wire.c")
    ctx.actions.expand_template(template = ctx.file._header, output = header, substitutions = substitutions)
    ctx.actions.expand_template(template = ctx.file._source, output = source, substitutions = substitutions)
    return [
        DefaultInfo(files = depset([header, source])),
        OutputGroupInfo(header = depset([header]), source = depset([source])),
    ]

_protocol_files = rule(
    implementation = _protocol_files_impl,
    attrs = {
        "letters": attr.string(mandatory = True),
        "protocol": attr.string(mandatory = True),
        "_header": attr.label(default = "//ipc/wire:protocol.h.template", allow_single_file = True),
        "_source": attr.label(default = "//ipc/wire:protocol.c.template", allow_single_file = True),
    },
)

def wire_protocol(name, letters, visibility):
    """The library `<name>_wire`, with the header `ipc/wire/<name>_wire.h`, from `<name>_fields.def` and `<name>_ops.def`.

    Args:
      name: of the protocol, as it stands in C names
      letters: the two that begin each of its messages
      visibility: of the library
    """
    _protocol_files(name = name + "_files", letters = letters, protocol = name)
    for group in ("header", "source"):
        native.filegroup(name = name + "_" + group, srcs = [name + "_files"], output_group = group)
    native.cc_library(
        name = name + "_wire",
        srcs = [name + "_source"],
        hdrs = [
            name + "_fields.def",
            name + "_header",
            name + "_ops.def",
        ],
        visibility = visibility,
        deps = [
            ":codec",
            ":wire",
            "//base:compiler",
        ],
    )
