import { describe, expect, it } from 'vitest'
import { ageOf, countdownText, secondsUntil } from './age'

describe('ageOf', () => {
  const now = Date.parse('2026-11-23T12:00:00Z')
  it('a clock that runs ahead is now', () => {
    expect(ageOf('2026-11-23T12:05:00Z', now)).toEqual({ unit: 'now', n: 0 })
  })
  it('picks the unit that people say', () => {
    expect(ageOf('2026-11-23T11:48:00Z', now)).toEqual({ unit: 'minutes', n: 12 })
    expect(ageOf('2026-11-22T11:00:00Z', now)).toEqual({ unit: 'hours', n: 25 })
    expect(ageOf('2026-11-20T12:00:00Z', now)).toEqual({ unit: 'days', n: 3 })
  })
  it('is nothing for an unreadable time', () => expect(ageOf('', now)).toBeNull())
})

describe('countdown', () => {
  it('ends at zero', () => {
    expect(secondsUntil('2026-11-23T12:00:00Z', Date.parse('2026-11-23T12:00:01Z'))).toBe(0)
    expect(countdownText(0)).toBe('0:00')
  })
  it('keeps two digits', () => {
    expect(countdownText(545)).toBe('9:05')
    expect(countdownText(7205)).toBe('2:00:05')
  })
})
