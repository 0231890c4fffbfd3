"""How functions that only compiled code calls are compiled: once, as parts of what calls them.

Numba optimises a function together with all that it calls, makes machine code of it, and does both again for whoever
calls it: the last of a chain of calls is made as often as the chain is long. What nobody calls from Python needs none
of that. Its code is handed on as it was lowered; a function that Python calls is optimised with all of it, once.
Literal numbers are compiled as numbers: numba would make a copy of the function for each.
"""

from typing import Any

from numba import _dynfunc, types  # type: ignore[attr-defined]
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder, _LowerResult
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering


class LinkedLibrary(JITCodeLibrary):
    """Code that is linked into others as it was lowered; it has no machine code of its own."""

    def _optimize_final_module(self) -> None:
        """Leave that to whoever it is linked into."""

    def _finalize_final_module(self) -> None:
        """Be ready to be linked: as numba's own, without handing the code to the execution engine."""
        self._finalize_dynamic_globals()  # type: ignore[no-untyped-call]
        self._verify_declare_only_symbols()  # type: ignore[no-untyped-call]
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)  # type: ignore[no-untyped-call]
class InnerLowering(NativeLowering):
    """Lower a function into a library that is only linked."""

    _name = "inner_lowering"

    def run_pass(self, state: Any) -> bool:
        """Numba's own pass, without its last step, which would ask for the function's address."""
        state.library = LinkedLibrary(state.targetctx.codegen(), state.func_id.func_qualname)  # type: ignore[no-untyped-call]
        state.library.enable_object_caching()
        state.flags.no_compile = True
        super().run_pass(state)  # type: ignore[no-untyped-call]
        lowered, library = state["cr"], state.library
        function = lowered.fndesc
        # a name for callers to find it by; calling it from Python is an error, as its address is 0
        known_as = _dynfunc.make_function(
            function.lookup_module(), function.qualname, "", 0, lowered.env, (library,))
        state.targetctx.insert_user_function(known_as, function, [library])
        state["cr"] = _LowerResult(function, lowered.call_helper, cfunc=known_as, env=lowered.env)
        return True


class InnerCompiler(CompilerBase):
    """Numba's compiler with that pass in place of its own."""

    def define_pipelines(self) -> list[Any]:
        """The passes."""
        builder = DefaultPassBuilder.define_nopython_pipeline(self.state)  # type: ignore[no-untyped-call]
        builder.passes = [
            (InnerLowering if kind is NativeLowering else kind, text) for kind, text in builder.passes]
        builder.finalize()
        return [builder]


def without_literals(dispatcher: Any) -> None:
    """Let a compiled function take literal numbers as numbers: it is compiled once for all of them."""
    template = dispatcher.get_call_template

    def get_call_template(args: Any, kws: Any) -> Any:
        plain = {name: types.unliteral(kind) for name, kind in kws.items()}  # type: ignore[no-untyped-call]
        return template(tuple(types.unliteral(kind) for kind in args), plain)  # type: ignore[no-untyped-call]

    dispatcher.get_call_template = get_call_template
