import type { Value } from '../../ir/graph.ts'
import type { Fields } from '../../layout/struct.ts'
import type { GlobalData } from '../../program.ts'
import { type Ref, structRef } from '../memory/reference.ts'
import { EventStatements } from './event-statements.ts'
import type { GlobalDefinition } from './global.ts'

/** Statements about global data. */
export class GlobalStatements extends EventStatements {
  /** Global data: its fields can be read, and written unless it is constant. */
  global<V extends Fields, S extends GlobalData['section']>(
    definition: GlobalDefinition<V, S>,
  ): Ref<V, S extends 'rodata' ? 'constant' : 'map'> {
    const { spec, value } = definition
    const kind = spec.global.section === 'rodata' ? 'constant' : 'map'
    const ref = structRef(this.emitter, value, this.globalAddress(definition), kind, spec.name)
    return ref as Ref<V, S extends 'rodata' ? 'constant' : 'map'>
  }

  /** Not for authors: the address of global data. */
  globalAddress({ spec }: GlobalDefinition): Value {
    this.emitter.useMap(spec)
    return this.emitter.emit({ kind: 'global', name: spec.name }, 'ptr')
  }
}
