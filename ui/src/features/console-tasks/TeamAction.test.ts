// @vitest-environment happy-dom
// Changing a team: what is sent, and what is not.
import { flushPromises, mount } from '@vue/test-utils'
import { VueQueryPlugin } from '@tanstack/vue-query'
import { afterEach, describe, expect, it, vi } from 'vitest'
import * as server from '@/platform/console'
import type { Board, InspectorRow } from '@/platform/console-types'
import { setupI18n } from '@/shared/i18n'
import { commonMessages } from '@/shared/i18n/common'
import { consoleErrorMessages, consoleFrameMessages } from '@/features/console-frame/messages'
import { consoleQueries } from '@/features/console-frame/queries'
import { consoleTaskMessages } from './messages'
import TeamAction from './TeamAction.vue'

vi.mock('@/platform/console', { spy: true })

const party = { department: 'd1', name: '示例市消防救援支队', short_name: '消防', lead: false }
const seat = (person: string, role: string) => ({ person, name: person, cert_no: person, department: 'd1', role, tablets: [] })
const board = { task: 't1', visit_date: '2026-12-01', status: 'dispatched', team: [seat('p1', 'site_lead'), seat('p2', 'inspector')], parties: [party] } as unknown as Board
const person = (name: string, valid = true): InspectorRow => ({ person: name, name, cert_no: name, valid_to: '2028-01-01', valid })

async function open(people: InspectorRow[]) {
  vi.mocked(server.inspectors).mockResolvedValue(people)
  const wrapper = mount(TeamAction, {
    props: { board, party: party as never },
    global: { plugins: [setupI18n([commonMessages, consoleFrameMessages, consoleErrorMessages, consoleTaskMessages]), [VueQueryPlugin, { queryClient: consoleQueries() }]] },
  })
  const by = (id: string) => wrapper.get(`[data-testid="${id}"]`)
  await by('team-change-消防').trigger('click')
  await vi.waitFor(() => by('inspector-p1'))
  const submit = async () => {
    await by('team-submit').trigger('click')
    await flushPromises()
  }
  return { wrapper, by, submit }
}

describe('TeamAction', () => {
  afterEach(() => vi.clearAllMocks())

  it('asks whose certificate is valid on the day of the visit', async () => {
    await open([person('p1'), person('p2')])
    expect(server.inspectors).toHaveBeenCalledWith('d1', '2026-12-01')
  })
  it('fewer than two people are not sent, and it is said why', async () => {
    const change = vi.mocked(server.changeTeam).mockResolvedValue(undefined)
    const { by, submit } = await open([person('p1'), person('p2')])
    await by('inspector-p2').trigger('change')
    await submit()
    expect(change).not.toHaveBeenCalled()
    expect(by('team-problem').text()).toContain('2')
  })
  it('the same people as before are not sent', async () => {
    const change = vi.mocked(server.changeTeam).mockResolvedValue(undefined)
    const { by, submit } = await open([person('p1'), person('p2')])
    await submit()
    expect(change).not.toHaveBeenCalled()
    expect(by('team-problem').text()).toContain('相同')
  })
  it('sends who comes and who stands in', async () => {
    const change = vi.mocked(server.changeTeam).mockResolvedValue(undefined)
    const { by, submit } = await open([person('p1'), person('p2'), person('p3'), person('p4')])
    await by('inspector-p2').trigger('change')
    await by('inspector-p3').trigger('change')
    await by('party-deputy-team').setValue('p3')
    await by('party-desk-team').setValue('p4')
    expect(by('team-changes').text()).toContain('p2')
    await submit()
    expect(change).toHaveBeenCalledWith('t1', { department: 'd1', site_lead: 'p1', inspectors: ['p1', 'p3'], deputy: 'p3', desk_reviewer: 'p4' })
  })
  it('whose certificate has ended can be taken out, and not put in', async () => {
    const { by } = await open([person('p1'), person('p2', false), person('p3', false)])
    expect(by('inspector-p2').attributes('disabled')).toBeUndefined()
    expect(by('inspector-p3').attributes('disabled')).toBeDefined()
  })
  it('a refusal stays in the dialog with the choice', async () => {
    vi.mocked(server.changeTeam).mockRejectedValue(new server.ConsoleError('visit_over', 409, '任务已取消或已办结，不能再更改。'))
    const { by, submit } = await open([person('p1'), person('p2'), person('p3')])
    await by('inspector-p3').trigger('change')
    await submit()
    expect(by('error-message').text()).toContain('任务已取消')
    expect(by('party-count-team').text()).toContain('3')
  })
})
