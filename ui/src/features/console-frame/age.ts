// How long ago, and how long still: numbers and units only. The words are
// i18n's; clock times and days are shared/time's.

/** How long ago something was. */
export interface Age {
  unit: 'now' | 'minutes' | 'hours' | 'days'
  n: number
}

/** The age of a moment; one in the future counts as now. */
export function ageOf(rfc3339: string, now: number): Age | null {
  const then = new Date(rfc3339).getTime()
  if (Number.isNaN(then)) return null
  const minutes = Math.floor((now - then) / 60_000)
  if (minutes < 1) return { unit: 'now', n: 0 }
  if (minutes < 60) return { unit: 'minutes', n: minutes }
  if (minutes < 48 * 60) return { unit: 'hours', n: Math.floor(minutes / 60) }
  return { unit: 'days', n: Math.floor(minutes / 1440) }
}

/** Whole seconds until a moment; 0 when it has passed or cannot be read. */
export function secondsUntil(rfc3339: string, now: number): number {
  const then = new Date(rfc3339).getTime()
  return Number.isNaN(then) ? 0 : Math.max(0, Math.floor((then - now) / 1000))
}

/** `9:05` out of seconds, or `2:00:00` from an hour on. */
export function countdownText(seconds: number): string {
  const two = (n: number) => String(n).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}
