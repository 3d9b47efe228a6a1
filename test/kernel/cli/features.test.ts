import { expect } from 'vitest'
import type { FeatureDescription } from '../../../src/cli/render/features.ts'
import { features } from '../../../src/loader/kernel/features.ts'
import { listNamespaces } from '../../../src/loader/netns/named.ts'
import { Command } from '../support/command.ts'
import { test } from '../support/kernel-test.ts'
import { run, testNamespaces } from '../support/namespaces.ts'

const namespaces = testNamespaces()

test('root is told of every feature whether it is there, and nothing is left behind', async () => {
  const namespace = namespaces.create('features')
  const before = [listNamespaces(), run(namespace, 'ip', 'link'), run(namespace, 'nft', 'list', 'ruleset')]
  const command = new Command(namespace)
  const all = await command.json<FeatureDescription[]>('features')
  expect(all.map(({ feature }) => feature)).toEqual(Object.keys(features))
  expect(all.filter(({ supported }) => supported === null)).toEqual([])
  const text = await command.run('features')
  for (const { feature, supported } of all)
    expect(text).toMatch(new RegExp(`^${feature} +${supported === true ? 'yes' : 'no'} `, 'm'))
  expect([listNamespaces(), run(namespace, 'ip', 'link'), run(namespace, 'nft', 'list', 'ruleset')]).toEqual(
    before,
  )
})
