// The team of one department of a task that is out, while it is being changed.
// The server judges it again; here is what spares a person a refusal, and what
// the change amounts to before it is sent.
import type { InspectorRow, SeatView, TeamRole } from '@/platform/console-types'
import type { Crew } from './draft'

/** Fewest people of one department on site (行政处罚法第四十二条). */
export const PEOPLE_MIN = 2

/** The team as it is, without those who are no longer of the department. */
export function crewOf(seats: readonly SeatView[], people: readonly InspectorRow[]): Crew {
  const known = seats.filter((seat) => people.some((each) => each.person === seat.person))
  const withRole = (role: TeamRole) => known.find((seat) => seat.role === role)?.person ?? ''
  const inspectors = known.filter((seat) => seat.role !== 'desk_reviewer').map((seat) => seat.person)
  return {
    inspectors,
    // One whose lead has left the department gets its next, as in a new team.
    siteLead: withRole('site_lead') || (inspectors[0] ?? ''),
    deputy: withRole('deputy'),
    deskReviewer: withRole('desk_reviewer'),
  }
}

function roleIn(crew: Crew, person: string): TeamRole | null {
  if (person === crew.siteLead) return 'site_lead'
  if (person === crew.deputy) return 'deputy'
  if (crew.inspectors.includes(person)) return 'inspector'
  return person === crew.deskReviewer ? 'desk_reviewer' : null
}

/** One person whose seat becomes another; `null` is no seat. */
export interface SeatChange {
  person: string
  before: TeamRole | null
  after: TeamRole | null
}

/** What the choice changes: those who leave, then new roles, then those who come. */
export function seatChanges(seats: readonly SeatView[], crew: Crew): SeatChange[] {
  const before = new Map(seats.map((seat) => [seat.person, seat.role]))
  const people = new Set([...before.keys(), ...crew.inspectors, ...(crew.deskReviewer === '' ? [] : [crew.deskReviewer])])
  const order = (change: SeatChange) => (change.after === null ? 0 : change.before === null ? 2 : 1)
  return [...people]
    .map((person) => ({ person, before: before.get(person) ?? null, after: roleIn(crew, person) }))
    .filter((change) => change.before !== change.after)
    .sort((a, b) => order(a) - order(b))
}

/** Why the choice cannot be sent. */
export type TeamProblem = 'few' | 'same'

export function teamProblem(crew: Crew, changes: readonly SeatChange[]): TeamProblem | null {
  if (crew.inspectors.length < PEOPLE_MIN) return 'few'
  return changes.length === 0 ? 'same' : null
}
