import { describe, expect, it } from 'vitest'
import { stepOf } from './step'

const counts = (waiting: number, returned: number, approved = 0) => ({ all: waiting + returned + approved, waiting, returned, approved })

describe('ending a review', () => {
  it('without findings approves the task', () => expect(stepOf(counts(0, 0), 'dispatched')).toBe('none'))
  it('with nothing returned approves all', () => expect(stepOf(counts(3, 0), 'dispatched')).toBe('all'))
  it('with something returned approves the rest', () => expect(stepOf(counts(2, 1), 'dispatched')).toBe('rest'))
  it('with everything returned promises no approval', () => expect(stepOf(counts(0, 3), 'dispatched')).toBe('finish'))
  it('a second time is about what was worked on since', () => expect(stepOf(counts(0, 1, 2), 'returned')).toBe('reworked'))
})
