// @vitest-environment happy-dom
// A reply to a proposal names what was on the screen when the card was opened.
import { flushPromises, mount } from '@vue/test-utils'
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import { app, type Board, type FieldView, type ProposalView } from '@/platform/app'
import { setupI18n } from '@/shared/i18n'
import { commonMessages } from '@/shared/i18n/common'
import { provideTaskSession } from '../task/session'
import { proposalMessages } from './messages'
import ProposalCard from './ProposalCard.vue'

const by = { person: 'p', name: '', department: '', tablet: '', wall: '2026-11-23T02:00:00.000Z' }
const target = { kind: 'finding', rec: 'r1', field: 'fact' }
const fact = (...ids: string[]): FieldView => ({ target, shown: { type: 'text', value: ids[0] ?? '' }, heads: ids.map((id) => ({ id, value: { type: 'text', value: id }, by, decided: false })), contested: false })
const proposal: ProposalView = { rec: 'p1', target, title: '问题 1', department: 'd1', value: { type: 'text', value: '改' }, reason: '因为', by, reply: null, may_reply: true }

function boardWith(field: FieldView): Board {
  const other = { ...fact(), target: { ...target, field: 'location' } }
  const finding = { assessment: other, location: other, requirement: other, deadline: other, fact: field }
  return { items: [], findings: [finding], parties: [], proposals: [proposal] } as unknown as Board
}

async function open(first: FieldView) {
  const read = vi.spyOn(app, 'board').mockResolvedValue(boardWith(first))
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  const Host = defineComponent({
    setup() {
      const { query } = provideTaskSession('t1')
      return () => (query.data.value ? h(ProposalCard, { proposal }) : null)
    },
  })
  const wrapper = mount(Host, { global: { plugins: [setupI18n([commonMessages, proposalMessages]), [VueQueryPlugin, { queryClient }]] } })
  await vi.waitFor(() => wrapper.get('[data-testid=proposal-accept]'))
  const comesIn = async (field: FieldView) => {
    read.mockResolvedValue(boardWith(field))
    queryClient.setQueryData(['board', 't1'], boardWith(field))
    await flushPromises()
  }
  const accept = async () => {
    await wrapper.get('[data-testid=proposal-reason]').setValue('属实')
    await wrapper.get('[data-testid=proposal-accept]').trigger('click')
    await flushPromises()
  }
  return { wrapper, comesIn, accept }
}

describe('ProposalCard', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('replies to what stood when the card was opened, not to what came in since', async () => {
    const reply = vi.spyOn(app, 'replyProposal').mockResolvedValue(boardWith(fact('a:0')))
    const { comesIn, accept } = await open(fact('a:0'))
    await comesIn(fact('b:0', 'a:0'))
    await accept()
    expect(reply).toHaveBeenCalledWith('t1', 'p1', true, '属实', ['a:0'])
  })
  it('says that something came in, and takes it as seen once it was looked at', async () => {
    const reply = vi.spyOn(app, 'replyProposal').mockResolvedValue(boardWith(fact('a:0')))
    const { wrapper, comesIn, accept } = await open(fact('a:0'))
    expect(wrapper.find('[data-testid=proposal-look-again]').exists()).toBe(false)
    await comesIn(fact('b:0', 'a:0'))
    await wrapper.get('[data-testid=proposal-look-again]').trigger('click')
    expect(wrapper.find('[data-testid=proposal-look-again]').exists()).toBe(false)
    await accept()
    expect(reply).toHaveBeenCalledWith('t1', 'p1', true, '属实', ['b:0', 'a:0'])
  })
})
