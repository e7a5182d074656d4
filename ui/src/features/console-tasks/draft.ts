// A task while it is being put together at the desk: choices only. Whether a
// team is strong enough or a certificate valid is the server's to judge; here
// is only what is still blank, and where a refusal belongs on the page.
import type { ConsoleError } from '@/platform/console'
import type { CheckItemRow, EnterpriseRow, NewTask } from '@/platform/console-types'

/** A department at the table, with the people chosen from it. */
export interface PartyDraft {
  /** Stable while rows come and go. */
  key: number
  department: string
  /** Persons, in the order they were chosen. */
  inspectors: string[]
  siteLead: string
}

export interface TaskDraft {
  title: string
  enterprise: EnterpriseRow | null
  visitDate: string
  announced: boolean
  /** `key` of the leading party. */
  lead: number
  parties: PartyDraft[]
  /** Codes taken out of the proposal; what is proposed later is in. */
  unticked: string[]
}

/** The parts of the page, named as the server names the fields. */
export type Section = 'enterprise' | 'visit_date' | 'parties' | 'item_codes'

export function emptyDraft(visitDate: string): TaskDraft {
  return { title: '', enterprise: null, visitDate, announced: false, lead: 0, parties: [], unticked: [] }
}

/** Adds an empty row; the first one leads. */
export function addParty(draft: TaskDraft): void {
  const key = Math.max(0, ...draft.parties.map((party) => party.key)) + 1
  draft.parties.push({ key, department: '', inspectors: [], siteLead: '' })
  if (draft.parties.length === 1) draft.lead = key
}

/** Takes a row out; if it led, the first that remains does. */
export function removeParty(draft: TaskDraft, key: number): void {
  draft.parties = draft.parties.filter((party) => party.key !== key)
  if (draft.lead === key) draft.lead = draft.parties[0]?.key ?? 0
}

/** Another department: its people are chosen anew. */
export function chooseDepartment(party: PartyDraft, department: string): void {
  if (party.department === department) return
  party.department = department
  party.inspectors = []
  party.siteLead = ''
}

/** Puts a person into the team or takes them out; the first in leads on site. */
export function togglePerson(party: PartyDraft, person: string): void {
  if (party.inspectors.includes(person)) {
    party.inspectors = party.inspectors.filter((each) => each !== person)
    if (party.siteLead === person) party.siteLead = party.inspectors[0] ?? ''
  } else {
    party.inspectors.push(person)
    if (party.siteLead === '') party.siteLead = person
  }
}

/** The site lead is in the team. */
export function chooseSiteLead(party: PartyDraft, person: string): void {
  if (!party.inspectors.includes(person)) party.inspectors.push(person)
  party.siteLead = person
}

/** Departments that stand in more than one row. */
export function doubleDepartments(draft: TaskDraft): string[] {
  const chosen = draft.parties.map((party) => party.department).filter((each) => each !== '')
  return [...new Set(chosen.filter((each, index) => chosen.indexOf(each) !== index))]
}

/** Codes of the proposal that are in. */
export function tickedCodes(draft: TaskDraft, proposal: readonly CheckItemRow[]): string[] {
  const out = new Set(draft.unticked)
  return proposal.map((item) => item.code).filter((code) => !out.has(code))
}

/** What is still blank. */
export function missing(draft: TaskDraft, proposal: readonly CheckItemRow[]): Section[] {
  const sections: Section[] = []
  if (draft.enterprise === null) sections.push('enterprise')
  if (draft.visitDate === '') sections.push('visit_date')
  const blank = draft.parties.some((party) => party.department === '' || party.inspectors.length === 0)
  if (draft.parties.length === 0 || blank || doubleDepartments(draft).length > 0) sections.push('parties')
  if (tickedCodes(draft, proposal).length === 0) sections.push('item_codes')
  return sections
}

/** What is sent; `null` while something is blank. */
export function toNewTask(draft: TaskDraft, proposal: readonly CheckItemRow[]): NewTask | null {
  const lead = draft.parties.find((party) => party.key === draft.lead)
  if (draft.enterprise === null || lead === undefined || missing(draft, proposal).length > 0) return null
  const title = draft.title.trim()
  return {
    ...(title === '' ? {} : { title }),
    enterprise: draft.enterprise.id,
    visit_date: draft.visitDate,
    announced: draft.announced,
    lead: lead.department,
    parties: draft.parties.map((party) => ({
      department: party.department,
      site_lead: party.siteLead,
      inspectors: party.inspectors,
    })),
    item_codes: tickedCodes(draft, proposal),
  }
}

const PLACES: Readonly<Record<string, Section>> = {
  enterprise_unknown: 'enterprise',
  department_unknown: 'parties',
  lead_not_party: 'parties',
  inspector_unknown: 'parties',
  site_lead_not_in_team: 'parties',
  too_few_inspectors: 'parties',
  certificate_invalid: 'parties',
  checklist_empty: 'item_codes',
  item_unknown: 'item_codes',
  item_without_department: 'item_codes',
  department_without_item: 'item_codes',
}

/** The part of the page a refusal is about; `null` when it is about none. */
export function placeOf(error: ConsoleError): Section | null {
  return PLACES[error.code] ?? null
}

/** Items of one section of one sector, in the order of the proposal. */
export interface ItemGroup {
  sector: string
  section: string
  items: CheckItemRow[]
}

export function groupItems(proposal: readonly CheckItemRow[]): ItemGroup[] {
  const groups = new Map<string, ItemGroup>()
  for (const item of proposal) {
    const name = JSON.stringify([item.sector, item.section])
    const group = groups.get(name)
    if (group === undefined) groups.set(name, { sector: item.sector, section: item.section, items: [item] })
    else group.items.push(item)
  }
  return [...groups.values()]
}
