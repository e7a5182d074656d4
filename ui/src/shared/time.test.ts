// Times are Shanghai's, whatever the machine's zone.
import { expect, it } from 'vitest'
import { addDays, dateTime, dayOf, daysBetween, minutesSince, shortTime, weekday } from './time'

it('a late evening in UTC is the next day in Shanghai', () => {
  expect(dayOf(new Date('2026-11-23T17:00:00.000Z'))).toBe('2026-11-24')
  expect(dateTime('2026-11-23T17:00:00.000Z')).toBe('2026-11-24 01:00')
})
it('midnight is 00, not 24', () => {
  expect(dateTime('2026-11-22T16:00:00.000Z')).toBe('2026-11-23 00:00')
})
it('today needs no date, this year needs no year', () => {
  const now = new Date('2026-11-23T08:00:00.000Z')
  expect(shortTime('2026-11-23T02:02:00.000Z', now)).toBe('10:02')
  expect(shortTime('2026-11-22T02:02:00.000Z', now)).toBe('11-22 10:02')
  expect(shortTime('2025-12-31T02:02:00.000Z', now)).toBe('2025-12-31 10:02')
})
it('shows what is no time as it is', () => {
  expect(dateTime('昨天')).toBe('昨天')
})
it('counts days and minutes', () => {
  expect(daysBetween('2026-11-23', '2026-12-01')).toBe(8)
  expect(daysBetween('2026-11-23', '2026-11-22')).toBe(-1)
  expect(minutesSince('2026-11-23T02:00:00.000Z', new Date('2026-11-23T02:12:59.000Z'))).toBe(12)
  expect(minutesSince('2026-11-23T03:00:00.000Z', new Date('2026-11-23T02:00:00.000Z'))).toBe(0)
  expect(addDays('2026-11-30', 1)).toBe('2026-12-01')
  expect(addDays('2026-12-01', -1)).toBe('2026-11-30')
  expect(weekday('2026-11-23')).toBe(1)
  expect(weekday('2026-11-22')).toBe(7)
})
