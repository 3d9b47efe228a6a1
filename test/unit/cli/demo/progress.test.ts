import { describe, expect, test } from 'vitest'
import { bar, ProgressLine } from '../../../../src/cli/render/demo-progress.ts'

function record(columns: number | undefined): { line: ProgressLine; written: string[] } {
  const written: string[] = []
  return { line: new ProgressLine({ write: (text) => written.push(text), columns }), written }
}

describe('progress', () => {
  test('on a terminal is one line, drawn over itself', () => {
    const { line, written } = record(80)
    line.show(0, 2, 'nothing')
    line.show(1, 2, 'half')
    line.show(1, 2, 'half')
    line.finish()
    const half = `${'█'.repeat(15)}${'░'.repeat(15)}`
    expect(written).toEqual([`\r   ${'░'.repeat(30)}  nothing\u001b[K`, `\r   ${half}  half\u001b[K`, '\n'])
  })

  test('on a narrow terminal never wraps', () => {
    const { line, written } = record(20)
    line.show(1, 2, 'x'.repeat(100))
    expect(written.join('').replace('\r', '').replace('\u001b[K', '')).toHaveLength(19)
  })

  test('elsewhere is a few plain lines', () => {
    const { line, written } = record(undefined)
    for (let done = 0; done <= 300; done++) line.show(done, 300, `${done}`)
    line.finish()
    expect(written).toEqual(['   75\n', '   150\n', '   225\n', '   300\n'])
  })

  test('begins anew after its end', () => {
    const { line, written } = record(undefined)
    for (let round = 0; round < 2; round++) {
      line.show(4, 4, 'done')
      line.finish()
    }
    expect(written).toEqual(['   done\n', '   done\n'])
  })

  test.each([
    [-1, '....'],
    [0, '....'],
    [0.5, '██..'],
    [1, '████'],
    [7, '████'],
  ])('the bar for %s', (part, expected) => {
    expect(bar(part, 4, '.')).toBe(expected)
  })
})
