// What was seen is what stood there when the field was opened.
import { describe, expect, it } from 'vitest'
import type { FieldView } from '@/platform/app'
import { SeenMarks, headIds } from './seen'

function field(...ids: string[]): FieldView {
  return {
    target: { kind: 'item', rec: 'r1', field: 'result' },
    shown: null,
    heads: ids.map((id) => ({ id, value: { type: 'answer', value: 'conforms' }, by: { person: id.slice(0, 1), name: '', department: '', tablet: '', wall: '' }, decided: false })),
    contested: false,
  }
}

describe('SeenMarks', () => {
  it('sends what stood when the field was opened, not what came in meanwhile', () => {
    const seen = new SeenMarks()
    seen.open(field('a:0'))
    expect(seen.of(field('a:0', 'b:0'))).toEqual(['a:0'])
  })
  it('keeps the first mark when the same screen is painted again', () => {
    const seen = new SeenMarks()
    seen.open(field('a:0'))
    seen.open(field('a:0', 'b:0'))
    expect(seen.of(field('b:0'))).toEqual(['a:0'])
  })
  it('takes what stands now when the field is opened anew', () => {
    const seen = new SeenMarks()
    seen.open(field('a:0'))
    seen.reopen(field('b:0'))
    expect(seen.of(field('b:0'))).toEqual(['b:0'])
  })
  it('opens an empty field as having seen nothing, even when something came in since', () => {
    const seen = new SeenMarks()
    seen.open(field())
    expect(seen.of(field('b:0'))).toEqual([])
  })
  it('tells that something came in, but not of what was written here', () => {
    const seen = new SeenMarks()
    seen.open(field('a:0'))
    expect(seen.hasNews(field('a:0'))).toBe(false)
    expect(seen.hasNews(field('a:0', 'b:0'))).toBe(true)
    expect(seen.hasNews(field('a:0', 'b:0'), (author) => author === 'b')).toBe(false)
  })
  it('forgets everything when the item is left', () => {
    const seen = new SeenMarks()
    seen.open(field('a:0'))
    seen.clear()
    expect(seen.of(field('b:0'))).toEqual(headIds(field('b:0')))
  })
})
