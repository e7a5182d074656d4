// The walk through the checklist.
import { describe, expect, it } from 'vitest'
import type { Answer, ItemView, PartyView } from '@/platform/app'
import { chapters, neighbour, nextUnchecked, uncheckedCount, walk } from './order'

function item(code: string, department: string, section: string, answer: Answer | null | undefined, access: ItemView['access'] = 'own'): ItemView {
  const target = { kind: 'item', rec: code, field: 'result' }
  const shown = answer === undefined ? null : ({ type: 'answer', value: answer } as const)
  return { rec: code, department, access, code, section, result: { target, shown, heads: [], contested: false } } as unknown as ItemView
}
const party = (department: string, own: boolean): PartyView => ({ department, name: department, short_name: department, lead: false, answered: 0, items: 0, own })
const parties = [party('消防', false), party('应急', true)]
const items = [
  item('F1', '消防', '消防', undefined, 'propose'),
  item('A1', '应急', '通用', 'conforms'),
  item('B1', '应急', '危化', undefined),
  item('A2', '应急', '通用', null),
]
const order = walk(chapters(parties, items))

describe('the checklist', () => {
  it('starts with the own department and keeps sections together', () => {
    expect(order.map((i) => i.code)).toEqual(['A1', 'A2', 'B1', 'F1'])
  })
  it('counts an answer that was taken back as unchecked', () => {
    expect(uncheckedCount(items)).toBe(2)
    expect(chapters(parties, items)[0]?.sections[0]?.answered).toBe(1)
  })
  it('goes to the next unchecked own item and round to the beginning', () => {
    expect(nextUnchecked(order, 'A1')?.code).toBe('A2')
    expect(nextUnchecked(order, 'A2')?.code).toBe('B1')
    expect(nextUnchecked(order, 'B1')?.code).toBe('A2')
    expect(nextUnchecked(order, 'F1')?.code).toBe('A2')
    expect(nextUnchecked(order, undefined)?.code).toBe('A2')
  })
  it('never sends the person to where they are, nor to what others own', () => {
    const only = [item('A1', '应急', '通用', undefined), item('F1', '消防', '消防', undefined, 'propose')]
    expect(nextUnchecked(only, 'A1')).toBeUndefined()
  })
  it('steps stop at both ends', () => {
    expect(neighbour(order, 'A1', -1)).toBeUndefined()
    expect(neighbour(order, 'F1', 1)).toBeUndefined()
    expect(neighbour(order, 'B1', 1)?.code).toBe('F1')
    expect(neighbour(order, 'gone', 1)).toBeUndefined()
  })
})
