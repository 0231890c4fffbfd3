"""A hint to the processor: fetch a record into the cache before it is needed."""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

CACHE_LINE = 64  # bytes; where lines have another length prefetching only gains less


def _prefetch(_typing: Any, array: Any, index: Any) -> Any:
    """Ask for ``array[index]``, a record, to be brought into the cache; has no effect on results."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        table = context.make_array(signature.args[0])(context, builder, values[0])
        at = context.cast(builder, values[1], signature.args[1], types.intp)
        size = context.get_abi_sizeof(context.get_data_type(signature.args[0].dtype))
        byte, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        fetch: Any = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")  # type: ignore[no-untyped-call]
        start = builder.bitcast(builder.gep(table.data, [at]), byte)
        read, keep, data = (ir.Constant(flag, value) for value in (0, 3, 1))
        for offset in range(0, size, CACHE_LINE):
            line = builder.gep(start, [context.get_constant(types.intp, offset)])
            builder.call(fetch, [line, read, keep, data])
        return context.get_dummy_value()

    return types.void(array, index), generate


prefetch: Any = intrinsic(_prefetch)  # numba's own type hides that compiled code passes no typing context
