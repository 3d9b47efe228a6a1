import type { FunctionPrototype, ProgramType } from '../program.ts'
import type { LayoutTypes } from './layout-types.ts'
import { addContextPointer } from './program-context.ts'
import type { BtfLinkage } from './types.ts'
import type { BtfWriter } from './writer.ts'

/** A function as the kernel is told of it. */
export interface DescribedFunction {
  readonly type: ProgramType
  /** Whether it is the program itself. */
  readonly entry: boolean
  /** Of a global function. */
  readonly prototype?: FunctionPrototype | undefined
}

/**
 * Adds the prototype of a function: of the entry `int name(struct __sk_buff *ctx)`, with the context of its program
 * type; of a global function what the kernel verifies it by; of a static one, whose arguments the kernel takes from
 * the registers of each call, none.
 *
 * @returns the id of the func_proto, and the function's linkage
 */
export function addFunctionPrototype(
  writer: BtfWriter,
  layouts: LayoutTypes,
  { type, entry, prototype }: DescribedFunction,
): { readonly id: number; readonly linkage: BtfLinkage } {
  if (entry) {
    const context = { name: 'ctx', type: addContextPointer(writer, type) }
    return { id: writer.funcProto(layouts.int, [context]), linkage: 'global' }
  }
  if (prototype === undefined) return { id: writer.funcProto(layouts.int, []), linkage: 'static' }
  const parameters = prototype.parameters.map((parameter) => ({
    name: parameter.name,
    type:
      parameter.kind === 'scalar'
        ? layouts.scalar(parameter.type)
        : parameter.kind === 'context'
          ? addContextPointer(writer, type)
          : writer.ptr(layouts.add(parameter.type)),
  }))
  return { id: writer.funcProto(layouts.scalar(prototype.returns), parameters), linkage: 'global' }
}
