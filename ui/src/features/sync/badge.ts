// The one badge of the top line: is my work safe at the office?
import type { SyncStatus } from '@/platform/app'
import { minutesSince } from '@/shared/time'

/**
 * `running` an exchange is under way · `waiting` work waits for a network ·
 * `trouble` the office was reached but did not take it · `unsent` work waits
 * for the next exchange · `safe` nothing is only here · `never` no contact yet.
 */
export type BadgeState = 'running' | 'waiting' | 'trouble' | 'unsent' | 'safe' | 'never'

export interface Badge {
  state: BadgeState
  /** Changes and files that are only on this tablet. */
  unsent: number
  /** Minutes since the last contact; none before the first. */
  minutes: number | null
}

export function badgeOf(status: SyncStatus, now: Date): Badge {
  const unsent = status.unsent_changes + status.unsent_files
  return { state: stateOf(status, unsent), unsent, minutes: status.last_contact ? minutesSince(status.last_contact, now) : null }
}

function stateOf(status: SyncStatus, unsent: number): BadgeState {
  if (status.running) return 'running'
  if (status.last_error && status.last_error.code !== 'offline') return 'trouble'
  if (unsent > 0) return status.last_error ? 'waiting' : 'unsent'
  return status.last_contact ? 'safe' : 'never'
}

/** Five minutes: from here on the clock is shown as wrong, and printed. */
export const CLOCK_WARNING_MS = 5 * 60_000

/** Whole minutes the clock is off, signed; none while that is in order. */
export function clockOffMinutes(status: SyncStatus): number | null {
  const ahead = status.clock_ahead_ms
  return ahead !== null && Math.abs(ahead) > CLOCK_WARNING_MS ? Math.round(ahead / 60_000) : null
}
