import { describe, expect, it } from 'vitest'
import type { Board, FieldView, FindingView, ItemView, JudgementView, PartyView } from '@/platform/console-types'
import { answerOf, isMajor, isRunning, isUnsettled, itemsByParty, NO_ZOOM, outcomeOf, reviewCounts, teamOf, textOfField, zoomAt } from './board'

const field = (shown: FieldView['shown'], contested = false): FieldView => ({
  target: { kind: 'item', rec: 'r', field: 'result' }, shown, heads: [], contested,
})
const item = (code: string, department: string, section: string, answer?: 'conforms' | 'nonconforming' | null, contested = false) =>
  ({
    rec: code, department, section, code,
    result: field(answer === undefined ? null : { type: 'answer', value: answer }, contested),
    remark: field(null),
  }) as unknown as ItemView
const party = (department: string) => ({ department, name: department, short_name: department }) as unknown as PartyView
const finding = (state?: 'returned' | 'approved') =>
  ({ review: state === undefined ? null : { state, comment: '', reviewer: '', wall: '' }, assessment: field({ type: 'assessment', value: { level: 'major', basis: [] } }) }) as unknown as FindingView
const board = (items: ItemView[], parties: PartyView[]) => ({ items, parties, team: [] }) as unknown as Board

describe('reading a board', () => {
  it('an answer taken back is unchecked again', () => {
    expect(answerOf(item('A', 'd', 's'))).toBeNull()
    expect(answerOf(item('A', 'd', 's', null))).toBeNull()
    expect(answerOf(item('A', 'd', 's', 'conforms'))).toBe('conforms')
  })
  it('a field without a value has no text', () => {
    expect(textOfField(field(null))).toBe('')
    expect(textOfField(field({ type: 'text', value: '东侧' }))).toBe('东侧')
  })
  it('a finding nobody has judged waits', () => {
    expect(outcomeOf(finding())).toBe('waiting')
    expect(isMajor(finding())).toBe(true)
    expect(reviewCounts([finding(), finding('returned'), finding('approved'), finding()])).toEqual({
      all: 4, waiting: 2, returned: 1, approved: 1,
    })
  })
})

describe('the checklist', () => {
  const shown = board(
    [item('A', 'fire', '疏散', 'nonconforming'), item('B', 'emergency', '通用'), item('C', 'fire', '疏散', 'conforms', true), item('D', 'gone', '其他')],
    [party('emergency'), party('fire')],
  )
  it('is grouped in the order of the table, and no item is lost', () => {
    expect(itemsByParty(shown, 'all').map((group) => [group.party?.department ?? null, group.sections.flatMap((s) => s.items.map((i) => i.code))])).toEqual([
      ['emergency', ['B']], ['fire', ['A', 'C']], [null, ['D']],
    ])
  })
  it('can be narrowed', () => {
    const codes = (filter: 'nonconforming' | 'unchecked' | 'contested') =>
      itemsByParty(shown, filter).flatMap((group) => group.sections.flatMap((s) => s.items.map((i) => i.code)))
    expect(codes('nonconforming')).toEqual(['A'])
    expect(codes('unchecked')).toEqual(['B', 'D'])
    expect(codes('contested')).toEqual(['C'])
  })
})

describe('what may still be changed', () => {
  it('is a task that is out, also one that was returned', () => {
    const running = (status: string) => isRunning({ status } as Board)
    expect(['draft', 'dispatched', 'returned', 'approved', 'cancelled'].filter(running)).toEqual(['dispatched', 'returned'])
  })
  it('is what was marked for review, until somebody has settled it', () => {
    const judgement = (verdict: string, resolution: JudgementView['resolution']) => ({ verdict, resolution }) as JudgementView
    expect(isUnsettled(judgement('review', null))).toBe(true)
    expect(isUnsettled(judgement('review', { accepted: false, reason: '不实', reviewer: '示例' }))).toBe(false)
    expect(isUnsettled(judgement('void', null))).toBe(false)
  })
})

describe('the team', () => {
  it('is led by the site lead', () => {
    const seat = (cert_no: string, role: string) => ({ cert_no, role, department: 'd' })
    const shown = { team: [seat('2', 'inspector'), seat('3', 'site_lead'), seat('1', 'inspector')] } as unknown as Board
    expect(teamOf(shown, 'd').map((each) => each.cert_no)).toEqual(['3', '1', '2'])
  })
})

describe('zooming', () => {
  it('keeps the point under the pointer where it is', () => {
    const zoom = zoomAt(NO_ZOOM, 2, 100, 40)
    // a point p of the picture lies at scale·p + offset
    expect(zoom.scale * 100 + zoom.x).toBe(100)
    expect(zoom.scale * 40 + zoom.y).toBe(40)
  })
  it('has ends, and the small one puts the picture back', () => {
    expect(zoomAt({ scale: 1.2, x: 30, y: 30 }, 0.5, 0, 0)).toEqual(NO_ZOOM)
    expect(zoomAt(NO_ZOOM, 99, 0, 0).scale).toBe(8)
  })
})
