// A task while it is being put together at the desk: choices only. Whether a
// team is strong enough or a certificate valid is the server's to judge; here
// is only what is still blank, and where a refusal belongs on the page.
import type { ConsoleError } from '@/platform/console'
import type { CheckItemRow, EnterpriseRow, NewParty, NewTask } from '@/platform/console-types'

/** The people of one department, and which of them settles its conflicts. */
export interface Crew {
  /** Who comes, in the order they were chosen. */
  inspectors: string[]
  /** One of them. */
  siteLead: string
  /** Another of them; empty when there is none. */
  deputy: string
  /** Somebody who stays at the desk; empty when there is none. */
  deskReviewer: string
}

/** A department at the table, with the people chosen from it. */
export interface PartyDraft extends Crew {
  /** Stable while rows come and go. */
  key: number
  department: string
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

const emptyCrew = (): Crew => ({ inspectors: [], siteLead: '', deputy: '', deskReviewer: '' })

/** Adds an empty row; the first one leads. */
export function addParty(draft: TaskDraft): void {
  const key = Math.max(0, ...draft.parties.map((party) => party.key)) + 1
  draft.parties.push({ key, department: '', ...emptyCrew() })
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
  Object.assign(party, { department, ...emptyCrew() })
}

/** Nobody has two seats, and the deputy is one of those who come. */
function oneSeatEach(crew: Crew): void {
  if (crew.deputy === crew.siteLead || !crew.inspectors.includes(crew.deputy)) crew.deputy = ''
  if (crew.inspectors.includes(crew.deskReviewer)) crew.deskReviewer = ''
}

/** Puts a person into the team or takes them out; the first in leads on site. */
export function togglePerson(crew: Crew, person: string): void {
  if (crew.inspectors.includes(person)) {
    crew.inspectors = crew.inspectors.filter((each) => each !== person)
    if (crew.siteLead === person) crew.siteLead = crew.inspectors[0] ?? ''
  } else {
    crew.inspectors.push(person)
    if (crew.siteLead === '') crew.siteLead = person
  }
  oneSeatEach(crew)
}

/** The site lead is in the team. */
export function chooseSiteLead(crew: Crew, person: string): void {
  if (!crew.inspectors.includes(person)) crew.inspectors.push(person)
  crew.siteLead = person
  oneSeatEach(crew)
}

/** Who stands in for the site lead; empty for nobody. */
export function chooseDeputy(crew: Crew, person: string): void {
  crew.deputy = person
  oneSeatEach(crew)
}

/** Who decides from the desk; empty for nobody. */
export function chooseDeskReviewer(crew: Crew, person: string): void {
  crew.deskReviewer = person
  oneSeatEach(crew)
}

/** A department with its people as it is sent. */
export function toParty(department: string, crew: Crew): NewParty {
  return {
    department,
    site_lead: crew.siteLead,
    inspectors: [...crew.inspectors],
    ...(crew.deputy === '' ? {} : { deputy: crew.deputy }),
    ...(crew.deskReviewer === '' ? {} : { desk_reviewer: crew.deskReviewer }),
  }
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
    parties: draft.parties.map((party) => toParty(party.department, party)),
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
