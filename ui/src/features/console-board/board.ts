// What the desk derives from a task's board: groups, counts, order. Nothing
// here decides anything; which value stands was decided by the ledger.
import type { Answer, Board, EvidenceView, FieldView, FindingView, ItemView, JudgementView, PartyView, SeatView } from '@/platform/console-types'

/** The text of a field; empty when nothing was written or it is no text. */
export function textOfField(field: FieldView): string {
  const shown = field.shown
  return shown?.type === 'text' || shown?.type === 'date' ? shown.value : ''
}

/** The answer of an item; `null` is 未查. */
export function answerOf(item: ItemView): Answer | null {
  const shown = item.result.shown
  return shown?.type === 'answer' ? (shown.value ?? null) : null
}

/** Whether a finding is 重大 as it is shown. */
export function isMajor(finding: FindingView): boolean {
  const shown = finding.assessment.shown
  return shown?.type === 'assessment' && shown.value.level === 'major'
}

/** What the office has said of a finding so far. */
export type ReviewOutcome = 'waiting' | 'returned' | 'approved'

export function outcomeOf(finding: FindingView): ReviewOutcome {
  return finding.review?.state ?? 'waiting'
}

export interface ReviewCounts {
  all: number
  waiting: number
  returned: number
  approved: number
}

export function reviewCounts(findings: readonly FindingView[]): ReviewCounts {
  const counts: ReviewCounts = { all: findings.length, waiting: 0, returned: 0, approved: 0 }
  for (const finding of findings) counts[outcomeOf(finding)] += 1
  return counts
}

export type ItemFilter = 'all' | 'nonconforming' | 'unchecked' | 'contested'

export function itemPasses(item: ItemView, filter: ItemFilter): boolean {
  if (filter === 'nonconforming') return answerOf(item) === 'nonconforming'
  if (filter === 'unchecked') return answerOf(item) === null
  if (filter === 'contested') return item.result.contested || item.remark.contested
  return true
}

export interface ItemSection {
  section: string
  items: ItemView[]
}

export interface ItemsOfParty {
  party: PartyView | null
  sections: ItemSection[]
}

/** Items by department (in the table's order) and heading, in the checklist's order. */
export function itemsByParty(board: Board, filter: ItemFilter): ItemsOfParty[] {
  const known = new Set(board.parties.map((party) => party.department))
  const groups: (PartyView | null)[] = [...board.parties]
  if (board.items.some((item) => !known.has(item.department))) groups.push(null)
  return groups
    .map((party) => {
      const mine = board.items.filter((item) =>
        (party === null ? !known.has(item.department) : item.department === party.department) && itemPasses(item, filter))
      const sections: ItemSection[] = []
      for (const item of mine) {
        const section = sections.find((each) => each.section === item.section)
        if (section === undefined) sections.push({ section: item.section, items: [item] })
        else section.items.push(item)
      }
      return { party, sections }
    })
    .filter((group) => group.sections.length > 0)
}

/** Whether a task is out and neither called off nor approved: what may still be changed. */
export function isRunning(board: Board): boolean {
  return board.status === 'dispatched' || board.status === 'returned'
}

/** An item or a finding and whose it is: what can be handed on. */
export interface OwnedRecord {
  rec: string
  /** What it says, for people. */
  title: string
  department: string
}

/** Whether a change was marked for review and nobody has said yet what becomes of it. */
export function isUnsettled(judgement: JudgementView): boolean {
  return judgement.verdict === 'review' && !judgement.resolution
}

/** The team by department; site lead first, deputies next. */
export function teamOf(board: Board, department: string): SeatView[] {
  const order = { site_lead: 0, deputy: 1, inspector: 2, desk_reviewer: 3, former: 4 }
  return board.team
    .filter((seat) => seat.department === department)
    .sort((a, b) => order[a.role] - order[b.role] || a.cert_no.localeCompare(b.cert_no))
}

/** Short name of a department at this table. */
export function partyName(board: Board, department: string): string {
  return board.parties.find((party) => party.department === department)?.short_name ?? ''
}

/** The heading of the item a finding was found at. */
export function itemOf(board: Board, finding: FindingView): ItemView | undefined {
  return board.items.find((item) => item.rec === finding.item)
}

/** Every picture of the task, in the order of the findings, for the viewer. */
export function allEvidence(board: Board): EvidenceView[] {
  return board.findings.flatMap((finding) => finding.evidence)
}

/** How a picture can be moved and enlarged. */
export interface Zoom {
  scale: number
  x: number
  y: number
}

export const NO_ZOOM: Zoom = { scale: 1, x: 0, y: 0 }

/** Enlarges around a point (from the middle of the frame), between 1 and 8 times. */
export function zoomAt(zoom: Zoom, factor: number, x: number, y: number): Zoom {
  const scale = Math.min(8, Math.max(1, zoom.scale * factor))
  if (scale === 1) return NO_ZOOM
  const ratio = scale / zoom.scale
  return { scale, x: x - (x - zoom.x) * ratio, y: y - (y - zoom.y) * ratio }
}
