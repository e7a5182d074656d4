// Visits by day, and finding one.
import { expect, it } from 'vitest'
import type { Visit } from '@/platform/app'
import { byDay, found } from './days'

const visit = (visit_date: string, enterprise = '示例化工', number = '1号'): Visit => ({ card: { visit_date, enterprise, address: '示例路', title: '', number }, missing: [] }) as unknown as Visit

it('puts today first, then what lies ahead, then the past newest first', () => {
  const groups = byDay(['2026-11-20', '2026-11-25', '2026-11-23', '2026-11-22', '2026-11-23'].map((day) => visit(day)), '2026-11-23')
  expect(groups.map((group) => group.day)).toEqual(['2026-11-23', '2026-11-25', '2026-11-22', '2026-11-20'])
  expect(groups[0]?.visits).toHaveLength(2)
})
it('finds by every word, wherever it stands', () => {
  const all = [visit('2026-11-23', '示例化工', '12号'), visit('2026-11-23', '示例冷链', '13号')]
  expect(found(all, '示例 13')).toHaveLength(1)
  expect(found(all, '  ')).toHaveLength(2)
  expect(found(all, '没有')).toHaveLength(0)
})
