// Visits by day: what is due or overdue first, then what lies ahead, then what
// is long past.
import type { Visit } from '@/platform/app'

export interface DayGroup {
  day: string
  visits: Visit[]
}

/** Today and the days ahead in order, then the past, newest first. */
export function byDay(visits: readonly Visit[], today: string): DayGroup[] {
  const days = new Map<string, Visit[]>()
  for (const visit of visits) days.set(visit.card.visit_date, [...(days.get(visit.card.visit_date) ?? []), visit])
  const groups = [...days].map(([day, list]) => ({ day, visits: list }))
  const ahead = groups.filter((group) => group.day >= today).sort((a, b) => a.day.localeCompare(b.day))
  const past = groups.filter((group) => group.day < today).sort((a, b) => b.day.localeCompare(a.day))
  return [...ahead, ...past]
}

/** Visits whose enterprise, address, title or number holds every word. */
export function found(visits: readonly Visit[], wanted: string): Visit[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean)
  return visits.filter(({ card }) => {
    const text = `${card.enterprise} ${card.address} ${card.title} ${card.number}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
}
