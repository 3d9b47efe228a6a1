import { execFileSync } from 'node:child_process'
import { headers } from './subjects.js'

/** More than any value: the compiler writes an array's zeros in another way than its numbers. */
const base = 2 ** 40

/**
 * The values of constant expressions of C, as a compiler for `triplet` sees them.
 *
 * @param tree where the packages with the headers are unpacked
 */
export function cValues(tree, triplet, expressions) {
  const source = [
    '#define _GNU_SOURCE',
    ...headers.map((name) => `#include <${name}>`),
    'const unsigned long long values[] = {',
    ...expressions.map((expression) => `  ${base}ull + (${expression}),`),
    '};\n',
  ].join('\n')
  const includes = [`--sysroot=${tree}`, `-I${tree}/usr/include/${triplet}`]
  const assembly = execFileSync(
    'clang',
    [`--target=${triplet}`, ...includes, '-S', '-x', 'c', '-', '-o', '-'],
    { input: source, encoding: 'utf8' },
  )
  const values = [...assembly.matchAll(/^\s+\.(?:quad|xword)\s+(\d+)/gm)].map(([, value]) => value - base)
  if (values.length !== expressions.length)
    throw new Error(`${values.length} values of ${expressions.length}`)
  return values
}
