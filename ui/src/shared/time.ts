// Moments and days as people here read them: always Asia/Shanghai, 24 hours,
// year first, whatever the machine is set to.

const ZONE = 'Asia/Shanghai'

const parts = new Intl.DateTimeFormat('en-CA', {
  timeZone: ZONE,
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

function split(at: Date): Record<string, string> {
  return Object.fromEntries(parts.formatToParts(at).map((part) => [part.type, part.value]))
}

/** `2026-11-23` in Shanghai. */
export function dayOf(at: Date): string {
  const p = split(at)
  return `${p.year}-${p.month}-${p.day}`
}

/** `2026-11-23 10:02` in Shanghai; the text itself when it is no time. */
export function dateTime(rfc3339: string): string {
  const at = new Date(rfc3339)
  if (Number.isNaN(at.getTime())) return rfc3339
  const p = split(at)
  return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}`
}

/** `10:02` when it is today, `11-22 10:02` this year, the full form otherwise. */
export function shortTime(rfc3339: string, now: Date): string {
  const full = dateTime(rfc3339)
  const today = dayOf(now)
  if (full.startsWith(today)) return full.slice(11)
  if (full.startsWith(today.slice(0, 4))) return full.slice(5)
  return full
}

/** Whole minutes since then; never negative. */
export function minutesSince(rfc3339: string, now: Date): number {
  return Math.max(0, Math.floor((now.getTime() - new Date(rfc3339).getTime()) / 60_000))
}

/** Days from one `YYYY-MM-DD` to another; negative when it lies before. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000)
}

/** The `YYYY-MM-DD` some days later; negative goes back. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)
}

/** 1 for Monday … 7 for Sunday of a `YYYY-MM-DD`. */
export function weekday(day: string): number {
  return ((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7) + 1
}
