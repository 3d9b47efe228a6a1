import { expect, test, vi } from 'vitest'
import {
  InterruptedError,
  Rollback,
  transaction,
} from '../../../../../src/programs/load-balancer/control/rollback.ts'

test('steps are undone in reverse order, and only once', () => {
  const undone: string[] = []
  const rollback = new Rollback()
  rollback.add('first', () => undone.push('first'))
  rollback.add('second', () => undone.push('second'))
  expect(rollback.run()).toEqual([])
  expect(rollback.run()).toEqual([])
  expect(undone).toEqual(['second', 'first'])
})

test('a step that cannot be undone does not keep the others from it', () => {
  const undone: string[] = []
  const rollback = new Rollback()
  const error = new Error('gone')
  rollback.add('first', () => undone.push('first'))
  rollback.add('second', () => {
    throw error
  })
  rollback.add('third', () => undone.push('third'))
  expect(rollback.run()).toEqual([{ what: 'second', error }])
  expect(undone).toEqual(['third', 'first'])
})

test('a change that succeeds is not undone, and closes what it owns', async () => {
  const undo = vi.fn()
  const close = vi.fn()
  const result = await transaction(undefined, async (rollback, checkpoint) => {
    rollback.add('step', undo)
    rollback.own({ close })
    await checkpoint()
    expect(close).not.toHaveBeenCalled()
    return 'done'
  })
  expect(result).toBe('done')
  expect(undo).not.toHaveBeenCalled()
  expect(close).toHaveBeenCalledOnce()
})

test('a change that fails is undone before what it owns is closed, and its error is the outcome', async () => {
  const calls: string[] = []
  const error = new Error('no')
  const failing = transaction(undefined, async (rollback) => {
    rollback.own({ close: () => calls.push('close') })
    rollback.add('step', () => calls.push('undo'))
    throw error
  })
  await expect(failing).rejects.toBe(error)
  expect(calls).toEqual(['undo', 'close'])
})

test('what could not be undone is said', async () => {
  const failing = transaction(undefined, async (rollback) => {
    for (const what of ['the link', 'the pin'])
      rollback.add(what, () => {
        throw new Error(`${what} is stuck`)
      })
    throw new Error('no')
  })
  await expect(failing).rejects.toMatchObject({
    message: 'no; besides, this could not be undone: the pin, the link',
    errors: [{ message: 'no' }, { message: 'the pin is stuck' }, { message: 'the link is stuck' }],
  })
})

test('a signal stops the change at its next checkpoint and undoes it', async () => {
  const controller = new AbortController()
  const undo = vi.fn()
  const after = vi.fn()
  const stopped = transaction(controller.signal, async (rollback, checkpoint) => {
    rollback.add('step', undo)
    await checkpoint()
    // As a signal handler does: it runs when the event loop gets its turn.
    setImmediate(() => controller.abort())
    await checkpoint()
    await checkpoint()
    after()
  })
  await expect(stopped).rejects.toBeInstanceOf(InterruptedError)
  expect(undo).toHaveBeenCalledOnce()
  expect(after).not.toHaveBeenCalled()
})
