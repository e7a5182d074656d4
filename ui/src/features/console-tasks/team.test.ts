import { describe, expect, it } from 'vitest'
import type { InspectorRow, SeatView, TeamRole } from '@/platform/console-types'
import { togglePerson } from './draft'
import { crewOf, seatChanges, teamProblem } from './team'

const seat = (person: string, role: TeamRole) => ({ person, role, name: person, department: 'd1' }) as SeatView
const row = (person: string) => ({ person, name: person, cert_no: person, valid_to: '2028-01-01', valid: true }) as InspectorRow
const seats = [seat('p1', 'site_lead'), seat('p2', 'deputy'), seat('p3', 'inspector'), seat('p4', 'desk_reviewer')]
const people = ['p1', 'p2', 'p3', 'p4', 'p5'].map(row)

describe('the choice of a team', () => {
  it('begins with the team as it is', () => {
    const crew = crewOf(seats, people)
    expect(crew).toEqual({ inspectors: ['p1', 'p2', 'p3'], siteLead: 'p1', deputy: 'p2', deskReviewer: 'p4' })
    expect(seatChanges(seats, crew)).toEqual([])
  })
  it('leaves out who is no longer of the department, and says so', () => {
    const crew = crewOf(seats, people.filter((each) => each.person !== 'p1'))
    expect(crew).toMatchObject({ inspectors: ['p2', 'p3'], siteLead: 'p2' })
    expect(seatChanges(seats, crew)[0]).toEqual({ person: 'p1', before: 'site_lead', after: null })
  })
  it('says who leaves, whose role changes and who comes, in this order', () => {
    const crew = crewOf(seats, people)
    togglePerson(crew, 'p5')
    togglePerson(crew, 'p1')
    expect(seatChanges(seats, crew)).toEqual([
      { person: 'p1', before: 'site_lead', after: null },
      { person: 'p2', before: 'deputy', after: 'site_lead' },
      { person: 'p5', before: null, after: 'inspector' },
    ])
  })
})

describe('sending a team', () => {
  it('fewer than two who come cannot be sent', () => {
    const crew = crewOf(seats, people)
    togglePerson(crew, 'p2')
    expect(teamProblem(crew, seatChanges(seats, crew))).toBeNull()
    togglePerson(crew, 'p3')
    expect(teamProblem(crew, seatChanges(seats, crew))).toBe('few')
  })
  it('the team as it is need not be sent', () => {
    const crew = crewOf(seats, people)
    expect(teamProblem(crew, seatChanges(seats, crew))).toBe('same')
  })
})
