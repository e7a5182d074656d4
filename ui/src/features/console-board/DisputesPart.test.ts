// @vitest-environment happy-dom
// Who settles what was marked for review, and how often.
import { flushPromises, mount } from '@vue/test-utils'
import { VueQueryPlugin } from '@tanstack/vue-query'
import { afterEach, describe, expect, it, vi } from 'vitest'
import * as server from '@/platform/console'
import type { Board, JudgementView } from '@/platform/console-types'
import { setupI18n } from '@/shared/i18n'
import { commonMessages } from '@/shared/i18n/common'
import { consoleErrorMessages, consoleFrameMessages } from '@/features/console-frame/messages'
import { consoleQueries } from '@/features/console-frame/queries'
import DisputesPart from './DisputesPart.vue'
import { consoleBoardMessages } from './messages'

vi.mock('@/platform/console', { spy: true })

const by = { person: 'p', name: '检查员甲', department: '应急', tablet: '平板 1', wall: '2026-11-23T02:00:00.000Z' }
const marked: JudgementView = { change: 'c1', verdict: 'review', reason: 'cancelled', intent: 'item.answer', by, resolution: null }

function show(judgement: JudgementView, may = true) {
  vi.mocked(server.history).mockResolvedValue([{ change: 'c1', intent: 'item.answer', title: 'GL-01 疏散通道', by }])
  const board = { task: 't1', conflicts: [], decisions: [], proposals: [], parties: [], judgements: [judgement] } as unknown as Board
  const wrapper = mount(DisputesPart, {
    props: { board, may },
    global: { plugins: [setupI18n([commonMessages, consoleFrameMessages, consoleErrorMessages, consoleBoardMessages]), [VueQueryPlugin, { queryClient: consoleQueries() }]] },
  })
  return { wrapper, has: (id: string) => wrapper.find(`[data-testid="${id}"]`).exists(), get: (id: string) => wrapper.get(`[data-testid="${id}"]`) }
}

describe('what was marked for review', () => {
  afterEach(() => vi.clearAllMocks())

  it('is settled with a reason, by whoever may', async () => {
    const settle = vi.mocked(server.settleChange).mockResolvedValue(undefined)
    const { get } = show(marked)
    await get('judgement-decline-c1').trigger('click')
    await get('settle-dialog-submit').trigger('click')
    expect(settle).not.toHaveBeenCalled()
    await get('settle-dialog-reason').setValue('未到现场')
    await get('settle-dialog-submit').trigger('click')
    await flushPromises()
    expect(settle).toHaveBeenCalledWith('t1', 'c1', { accepted: false, reason: '未到现场' })
  })
  it('offers no buttons to others', () => {
    expect(show(marked, false).has('judgement-accept-c1')).toBe(false)
  })
  it('offers no buttons once it is settled, and says how, why and by whom', () => {
    const { has, get } = show({ ...marked, resolution: { accepted: true, reason: '已电话核实', reviewer: '复核员示例' } })
    expect(has('judgement-accept-c1') || has('judgement-decline-c1')).toBe(false)
    expect(get('judgement-settled').attributes('data-accepted')).toBe('true')
    expect(get('judgement-settled').text()).toMatch(/已电话核实.*复核员示例/s)
    expect(get('judgement-0').text()).toContain('已核实：采用')
    expect(get('judgement-0').text()).not.toContain('存疑')
  })
  it('says what it was about', async () => {
    const { get } = show(marked)
    await flushPromises()
    expect(get('judgement-0').text()).toContain('GL-01 疏散通道')
    await get('judgement-accept-c1').trigger('click')
    expect(get('settle-dialog').text()).toContain('GL-01 疏散通道')
  })
  it('is not confused with what had no effect at all', () => {
    expect(show({ ...marked, verdict: 'void', reason: 'not_owner' }).has('judgement-accept-c1')).toBe(false)
  })
  it('a refusal stays in the dialog', async () => {
    vi.mocked(server.settleChange).mockRejectedValue(new server.ConsoleError('signed_upon', 409, '这条改动已写入签字的文书，不能撤除。'))
    const { get } = show(marked)
    await get('judgement-decline-c1').trigger('click')
    await get('settle-dialog-reason').setValue('未到现场')
    await get('settle-dialog-submit').trigger('click')
    await flushPromises()
    expect(get('error-message').text()).toContain('签字的文书')
  })
})
