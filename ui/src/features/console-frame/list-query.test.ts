import { describe, expect, it } from 'vitest'
import { oneOf, pageCount, pageOf, textOf, withFilters } from './list-query'

describe('reading an address', () => {
  it('an odd page number is page 1', () => {
    for (const page of ['0', '-3', '1.5', 'x', '', '99999999999']) expect(pageOf({ page })).toBe(1)
    expect(pageOf({ page: '7' })).toBe(7)
  })
  it('a filter that does not exist is no filter', () => {
    expect(oneOf({ status: 'gone' }, 'status', ['draft', 'approved'])).toBe('')
    expect(oneOf({ status: 'draft' }, 'status', ['draft', 'approved'])).toBe('draft')
  })
  it('a name given twice counts once', () => {
    expect(textOf({ q: ['化工', '机械'] }, 'q')).toBe('化工')
  })
})

describe('writing an address', () => {
  it('changing a filter goes back to the first page', () => {
    expect(withFilters({ page: '4', q: '化工' }, { status: 'draft' })).toEqual({ q: '化工', status: 'draft' })
  })
  it('turning the page keeps the filters', () => {
    expect(withFilters({ q: '化工' }, { page: 3 })).toEqual({ q: '化工', page: '3' })
  })
  it('empty values leave the address', () => {
    expect(withFilters({ q: '化工', page: '2' }, { q: '' })).toEqual({})
  })
})

describe('pageCount', () => {
  it('an empty list has one page', () => expect(pageCount(0, 20)).toBe(1))
  it('a started page counts', () => expect(pageCount(41, 20)).toBe(3))
})
