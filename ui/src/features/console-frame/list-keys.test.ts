// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { isWriting, nextIndex } from './list-keys'

describe('walking a list', () => {
  it('starts at the end the step comes from', () => {
    expect(nextIndex(-1, 5, 1)).toBe(0)
    expect(nextIndex(-1, 5, -1)).toBe(4)
  })
  it('stops at the ends', () => {
    expect(nextIndex(4, 5, 1)).toBe(4)
    expect(nextIndex(0, 5, -1)).toBe(0)
  })
  it('goes nowhere in an empty list', () => expect(nextIndex(-1, 0, 1)).toBe(-1))
})

describe('isWriting', () => {
  it('letters typed into a field are no commands', () => {
    expect(isWriting(document.createElement('input'))).toBe(true)
    expect(isWriting(document.createElement('a'))).toBe(false)
    expect(isWriting(null)).toBe(false)
  })
})
