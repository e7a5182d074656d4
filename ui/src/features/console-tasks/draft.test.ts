import { describe, expect, it } from 'vitest'
import { ConsoleError } from '@/platform/console'
import type { CheckItemRow, EnterpriseRow } from '@/platform/console-types'
import {
  addParty, chooseDepartment, chooseDeputy, chooseDeskReviewer, chooseSiteLead, doubleDepartments, emptyDraft, groupItems, missing,
  placeOf, removeParty, tickedCodes, togglePerson, toNewTask, toParty, type PartyDraft, type TaskDraft,
} from './draft'

const item = (code: string, section = '通用', sector: CheckItemRow['sector'] = 'fire'): CheckItemRow => ({ code, section, sector, text: code, major: false })
const enterprise: EnterpriseRow = {
  id: 'e1', uscc: '913201000000000000', name: '示例化工厂', risk: 'larger', address: '', division_code: '', industry_code: '', hazard_tags: [],
}
const proposal = [item('GL-01'), item('GL-02')]

function at(draft: TaskDraft, index: number): PartyDraft {
  const party = draft.parties[index]
  if (party === undefined) throw new Error('no such row')
  return party
}

function complete(): TaskDraft {
  const draft = emptyDraft('2026-12-01')
  draft.enterprise = enterprise
  addParty(draft)
  chooseDepartment(at(draft, 0), 'd1')
  togglePerson(at(draft, 0), 'p1')
  togglePerson(at(draft, 0), 'p2')
  return draft
}

describe('the parties of a draft', () => {
  it('the first department leads, and the next when it is taken out', () => {
    const draft = emptyDraft('')
    addParty(draft)
    addParty(draft)
    expect(draft.lead).toBe(at(draft, 0).key)
    removeParty(draft, at(draft, 0).key)
    expect(draft.lead).toBe(at(draft, 0).key)
  })
  it('another department starts without people', () => {
    const draft = complete()
    chooseDepartment(at(draft, 0), 'd2')
    expect(at(draft, 0)).toMatchObject({ inspectors: [], siteLead: '' })
  })
  it('the first person leads on site until another is named', () => {
    const party = at(complete(), 0)
    expect(party.siteLead).toBe('p1')
    chooseSiteLead(party, 'p3')
    expect(party).toMatchObject({ siteLead: 'p3', inspectors: ['p1', 'p2', 'p3'] })
  })
  it('a site lead who leaves the team is followed by the next', () => {
    const party = at(complete(), 0)
    togglePerson(party, 'p1')
    expect(party).toMatchObject({ siteLead: 'p2', inspectors: ['p2'] })
  })
  it('nobody has two seats', () => {
    const party = at(complete(), 0)
    chooseDeputy(party, 'p2')
    chooseDeskReviewer(party, 'p3')
    chooseSiteLead(party, 'p2')
    expect(party).toMatchObject({ siteLead: 'p2', deputy: '', deskReviewer: 'p3' })
    togglePerson(party, 'p3')
    expect(party.deskReviewer).toBe('')
  })
  it('a deputy who leaves the team is none any more', () => {
    const party = at(complete(), 0)
    chooseDeputy(party, 'p2')
    togglePerson(party, 'p2')
    expect(party.deputy).toBe('')
  })
  it('a seat that nobody has is not sent', () => {
    const party = at(complete(), 0)
    expect(toParty('d1', party)).toEqual({ department: 'd1', site_lead: 'p1', inspectors: ['p1', 'p2'] })
    chooseDeputy(party, 'p2')
    chooseDeskReviewer(party, 'p3')
    expect(toParty('d1', party)).toMatchObject({ deputy: 'p2', desk_reviewer: 'p3' })
  })
  it('a department in two rows is noticed', () => {
    const draft = complete()
    addParty(draft)
    chooseDepartment(at(draft, 1), 'd1')
    expect(doubleDepartments(draft)).toEqual(['d1'])
    expect(missing(draft, proposal)).toContain('parties')
  })
})

describe('the checklist of a draft', () => {
  it('a proposal is taken over whole unless items are taken out', () => {
    const draft = complete()
    expect(tickedCodes(draft, proposal)).toEqual(['GL-01', 'GL-02'])
    draft.unticked = ['GL-01', 'gone']
    expect(tickedCodes(draft, [...proposal, item('GL-03')])).toEqual(['GL-02', 'GL-03'])
  })
  it('groups keep the order of the proposal', () => {
    const groups = groupItems([item('A', '一'), item('B', '二'), item('C', '一'), item('D', '一', 'water')])
    expect(groups.map((group) => [group.sector, group.section, group.items.length])).toEqual([
      ['fire', '一', 2], ['fire', '二', 1], ['water', '一', 1],
    ])
  })
})

describe('sending a draft', () => {
  it('nothing is sent while something is blank', () => {
    expect(missing(emptyDraft(''), [])).toEqual(['enterprise', 'visit_date', 'parties', 'item_codes'])
    expect(toNewTask(emptyDraft(''), [])).toBeNull()
  })
  it('how many inspectors suffice is left to the server', () => {
    const draft = complete()
    togglePerson(at(draft, 0), 'p2')
    expect(toNewTask(draft, proposal)?.parties[0]?.inspectors).toEqual(['p1'])
  })
  it('an empty title is not sent', () => {
    const draft = complete()
    draft.title = '  '
    expect(toNewTask(draft, proposal)).toEqual({
      enterprise: 'e1', visit_date: '2026-12-01', announced: false, lead: 'd1',
      parties: [{ department: 'd1', site_lead: 'p1', inspectors: ['p1', 'p2'] }],
      item_codes: ['GL-01', 'GL-02'],
    })
  })
})

describe('a refusal', () => {
  it('stands at the part of the page it is about', () => {
    expect(placeOf(new ConsoleError('too_few_inspectors', 422, ''))).toBe('parties')
    expect(placeOf(new ConsoleError('department_without_item', 422, ''))).toBe('item_codes')
  })
  it('of an unknown kind stands nowhere in particular', () => {
    expect(placeOf(new ConsoleError('brand_new', 409, ''))).toBeNull()
  })
})
