// @vitest-environment happy-dom
// What became of a change is told on the tablet; settling it is not done there.
import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import type { JudgementView } from '@/platform/app'
import { setupI18n } from '@/shared/i18n'
import { commonMessages } from '@/shared/i18n/common'
import { historyMessages } from '../history/messages'
import JudgementList from './JudgementList.vue'
import { conflictMessages } from './messages'

const by = { person: 'p', name: '检查员甲', department: '应急', tablet: '平板 1', wall: '2026-11-23T02:00:00.000Z' }
const marked: JudgementView = { change: 'c1', verdict: 'review', reason: 'cancelled', intent: 'item.answer', by, resolution: null }
const show = (judgement: JudgementView) =>
  mount(JudgementList, { props: { judgements: [judgement] }, global: { plugins: [setupI18n([commonMessages, conflictMessages, historyMessages])] } })

it('a settled change says how, why and by whom, and offers nothing', () => {
  const list = show({ ...marked, resolution: { accepted: false, reason: '未到现场', reviewer: '复核员示例' } })
  expect(list.get('li').text()).toContain('已核实：不予采用')
  expect(list.get('[data-testid=judgement-settled]').text()).toMatch(/复核员示例.*未到现场/s)
  expect(list.find('button').exists()).toBe(false)
})
it('one that waits says nothing of the kind', () => {
  expect(show(marked).find('[data-testid=judgement-settled]').exists()).toBe(false)
})
