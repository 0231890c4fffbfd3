"""How functions that only compiled code calls are compiled: once, as parts of what calls them.

Numba optimises a function together with all that it calls, makes machine code of it, and does both again for whoever
calls it: the last of a chain of calls is made as often as the chain is long. What nobody calls from Python needs none
of that. Its code is handed on as it was lowered; a function that Python calls is optimised with all of it, once.
Literal numbers are compiled as numbers: numba would make a copy of the function for each.
"""

from typing import Any

from numba import types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder, _LowerResult
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering

from sim.compiled_lowering import EngineLower


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

    @property
    def lowering_class(self) -> type[EngineLower]:
        """What writes LLVM's code."""
        return EngineLower

    def run_pass(self, state: Any) -> bool:
        """Numba's own pass, without its last step, which would ask for the function's address."""
        state.library = LinkedLibrary(state.targetctx.codegen(), state.func_id.func_qualname)  # type: ignore[no-untyped-call]
        state.library.enable_object_caching()
        state.flags.no_compile = True
        super().run_pass(state)  # type: ignore[no-untyped-call]
        lowered = state["cr"]
        known_as = object()  # callers look the code up by it; numba's own is the function that Python calls
        state.targetctx.insert_user_function(known_as, lowered.fndesc, [state.library])
        state["cr"] = _LowerResult(lowered.fndesc, lowered.call_helper, cfunc=known_as, env=lowered.env)
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


def for_compiled_callers(dispatcher: Any) -> None:
    """Make numba's dispatcher of a function one that only compiled code can call, with literals as numbers.

    Raises
    ------
    TypeError
        Not here, but when Python calls the function: there is no address to call.
    """
    name, template = dispatcher.py_func.__qualname__, dispatcher.get_call_template

    def get_call_template(args: Any, kws: Any) -> Any:
        plain = {name: types.unliteral(kind) for name, kind in kws.items()}  # type: ignore[no-untyped-call]
        return template(tuple(types.unliteral(kind) for kind in args), plain)  # type: ignore[no-untyped-call]

    def add_overload(compiled: Any) -> None:
        dispatcher.overloads[tuple(compiled.signature.args)] = compiled  # and nothing that Python's calls would find

    def refuse(*args: object, **kws: object) -> None:
        raise TypeError(f"{name} can only be called from compiled code: it is declared with sim.compiled.inner")

    dispatcher.get_call_template = get_call_template
    dispatcher.add_overload = add_overload
    dispatcher._compile_for_args = refuse
