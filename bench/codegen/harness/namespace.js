// A network namespace of its own for programs that change what belongs to one, such as conntrack's table.

import { createAnonymousNamespace } from '../../../dist/loader/netns/named.js'
import { enter, openCurrentNamespace } from '../../../dist/loader/netns/namespace.js'

/** @returns `inside`, which runs a function in a new namespace, and `close` */
export function newNamespace() {
  const namespace = createAnonymousNamespace()
  const inside = (action) => {
    const home = openCurrentNamespace()
    enter(namespace.fd)
    try {
      return action()
    } finally {
      enter(home.fd)
      home.close()
    }
  }
  return { inside, close: () => namespace.close() }
}
