import { nftTableFlags, setFlags } from './constants.ts'
import type { Expression } from './expressions.ts'
import {
  type ChainSpec,
  keyLength,
  keyTypeNumber,
  type MapSpec,
  type SetSpec,
  type TableSpec,
} from './specs.ts'
import type { ChainState, RuleState, SetState, TableContents } from './state.ts'

/**
 * Compares a table with what it should be, apart from what counters have counted. Elements are compared for the sets
 * and maps whose specification has `elements`.
 *
 * @returns one sentence for each difference; none when the table is exactly as specified
 */
export function tableDifferences(expected: TableSpec, actual: TableContents | undefined): string[] {
  const label = `table ${expected.family} ${expected.name}`
  if (actual === undefined) return [`${label} does not exist`]
  const flags = (expected.flags ?? []).reduce((sum, flag) => sum | nftTableFlags[flag], 0)
  return [
    ...differs(`flags of ${label}`, flags, actual.table.flags),
    ...differs(`comment of ${label}`, expected.comment, actual.table.comment),
    ...compareByName('set', expected.sets ?? [], actual.sets, compareSet),
    ...compareByName('map', expected.maps ?? [], actual.maps, compareMap),
    ...compareByName('chain', expected.chains ?? [], actual.chains, (chain, state) =>
      compareChain(
        chain,
        state,
        actual.rules.filter((rule) => rule.chain === chain.name),
      ),
    ),
  ]
}

function compareByName<E extends { readonly name: string }, A extends { readonly name: string }>(
  noun: string,
  expected: readonly E[],
  actual: readonly A[],
  compare: (expected: E, actual: A) => string[],
): string[] {
  const differences = expected.flatMap((item) => {
    const found = actual.find(({ name }) => name === item.name)
    return found === undefined ? [`${noun} ${item.name} is missing`] : compare(item, found)
  })
  const names = new Set(expected.map(({ name }) => name))
  const foreign = actual.filter(({ name }) => !names.has(name))
  return [...differences, ...foreign.map(({ name }) => `${noun} ${name} does not belong there`)]
}

function compareSet(expected: SetSpec, actual: TableContents['sets'][number]): string[] {
  const label = `set ${expected.name}`
  return [
    ...compareKeys(label, expected, actual, 0),
    ...compareElements(label, expected.elements?.map(hex), actual.elements.map(hex)),
  ]
}

function compareMap(expected: MapSpec, actual: TableContents['maps'][number]): string[] {
  const label = `map ${expected.name}`
  const pair = ({ key, data }: { readonly key: Uint8Array; readonly data: Uint8Array }) =>
    `${hex(key)} : ${hex(data)}`
  return [
    ...compareKeys(label, expected, actual, setFlags.map),
    ...differs(`data type of ${label}`, keyTypeNumber(expected.data), actual.dataType),
    ...differs(`data length of ${label}`, keyLength(expected.data), actual.dataLength),
    ...compareElements(label, expected.elements?.map(pair), actual.elements.map(pair)),
  ]
}

function compareKeys(label: string, expected: SetSpec | MapSpec, actual: SetState, flags: number): string[] {
  return [
    ...differs(`key type of ${label}`, keyTypeNumber(expected.key), actual.keyType),
    ...differs(`key length of ${label}`, keyLength(expected.key), actual.keyLength),
    ...differs(`flags of ${label}`, flags, actual.flags),
    ...differs(`comment of ${label}`, expected.comment, actual.comment),
  ]
}

function compareElements(
  label: string,
  expected: readonly string[] | undefined,
  actual: readonly string[],
): string[] {
  if (expected === undefined) return []
  const wanted = new Set(expected)
  const present = new Set(actual)
  return [
    ...[...wanted].filter((one) => !present.has(one)).map((one) => `${label} lacks the element ${one}`),
    ...[...present]
      .filter((one) => !wanted.has(one))
      .map((one) => `${label} has the element ${one} too much`),
  ]
}

function compareChain(expected: ChainSpec, actual: ChainState, rules: readonly RuleState[]): string[] {
  const label = `chain ${expected.name}`
  const base = expected.base === undefined ? undefined : { policy: 'accept', ...expected.base }
  const wanted = expected.rules ?? []
  const differences = [
    ...differs(`comment of ${label}`, expected.comment, actual.comment),
    ...(['type', 'hook', 'priority', 'policy'] as const).flatMap((field) =>
      differs(`${field} of ${label}`, base?.[field], actual.base?.[field]),
    ),
    ...differs(`number of rules in ${label}`, wanted.length, rules.length),
  ]
  wanted.slice(0, rules.length).forEach((rule, index) => {
    const found = rules[index]
    const place = `rule ${index + 1} of ${label}`
    differences.push(
      ...differs(`comment of ${place}`, rule.comment, found?.comment),
      ...differs(place, describe(rule.expressions), describe(found?.expressions ?? [])),
    )
  })
  return differences
}

function differs(what: string, expected: unknown, actual: unknown): string[] {
  return expected === actual ? [] : [`${what} is ${actual ?? 'none'}, expected ${expected ?? 'none'}`]
}

/** Two rules do the same when their descriptions are equal. */
function describe(expressions: readonly Expression[]): string {
  return expressions
    .map((expression) => {
      if (expression.kind === 'counter') return 'counter'
      const { kind, ...rest } = expression
      const fields = Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))
      const shown = fields.map(
        ([name, value]) => `${name}=${value instanceof Uint8Array ? hex(value) : value}`,
      )
      return [kind, ...shown].join(' ')
    })
    .join('; ')
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
