// The badge never says that work is safe when it is not.
import { expect, it } from 'vitest'
import type { SyncStatus } from '@/platform/app'
import { badgeOf, clockOffMinutes } from './badge'

const now = new Date('2026-11-23T02:24:00.000Z')
const status = (part: Partial<SyncStatus>): SyncStatus => ({ running: false, unsent_changes: 0, unsent_files: 0, unsent_bytes: 0, last_contact: '2026-11-23T02:12:00.000Z', last_error: null, pending: [], files: [], clock_ahead_ms: 0, free_bytes: null, space: 'plenty', lease_days_left: 14, ...part })

it('counts changes and files, and the minutes since the last contact', () => {
  expect(badgeOf(status({ unsent_changes: 2, unsent_files: 1 }), now)).toEqual({ state: 'unsent', unsent: 3, minutes: 12 })
})
it('waits for the network when work is only here and the office was out of reach', () => {
  expect(badgeOf(status({ unsent_changes: 1, last_error: { code: 'offline', detail: null } }), now).state).toBe('waiting')
})
it('calls work safe when the office has everything, with or without a network', () => {
  expect(badgeOf(status({}), now).state).toBe('safe')
  expect(badgeOf(status({ last_error: { code: 'offline', detail: null } }), now).state).toBe('safe')
})
it('says trouble when the office refused, even with nothing left to send', () => {
  expect(badgeOf(status({ last_error: { code: 'revoked', detail: null } }), now).state).toBe('trouble')
})
it('never calls a tablet safe that has not met the office', () => {
  expect(badgeOf(status({ last_contact: null }), now)).toEqual({ state: 'never', unsent: 0, minutes: null })
})
it('warns of a clock only beyond five minutes', () => {
  expect(clockOffMinutes(status({ clock_ahead_ms: 300_000 }))).toBeNull()
  expect(clockOffMinutes(status({ clock_ahead_ms: -540_000 }))).toBe(-9)
  expect(clockOffMinutes(status({ clock_ahead_ms: null }))).toBeNull()
})
