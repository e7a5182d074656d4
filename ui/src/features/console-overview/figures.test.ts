import { describe, expect, it } from 'vitest'
import type { Overview } from '@/platform/console-types'
import { figureGroups } from './figures'

const overview: Overview = {
  tasks_by_status: { dispatched: 3 }, findings_general: 4, findings_major: 1, open_conflicts: 0, returned: 2,
  tablets: 6, tablets_behind: 0, enterprises: 8264, departments: 87, inspectors: 837,
}

describe('the overview', () => {
  it('shows nobody what they may not see', () => {
    expect(figureGroups(overview, () => false)).toEqual([])
    const administrator = figureGroups(overview, (action) => action !== 'read_tasks' && action !== 'review_findings')
    expect(administrator.map((group) => group.name)).toEqual(['tablets', 'directories'])
  })
  it('a status without tasks is zero, not missing', () => {
    const tasks = figureGroups(overview, () => true)[0]
    expect(tasks?.figures.map((figure) => figure.value)).toEqual([0, 3, 0, 0, 0])
  })
  it('nothing to worry about is not coloured', () => {
    const record = figureGroups(overview, () => true)[1]
    expect(record?.figures.map((figure) => figure.tone)).toEqual(['bad', 'plain', 'plain', 'warn'])
  })
  it('a reviewer is led to the review', () => {
    expect(figureGroups(overview, () => true)[1]?.figures[3]?.to).toBe('/review?status=returned')
    expect(figureGroups(overview, (action) => action === 'read_tasks')[1]?.figures[3]?.to).toBe('/tasks?status=returned')
  })
})
